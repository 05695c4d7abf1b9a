"""What people say in a chat that says nothing else: greetings, thanks, goodbyes, a yes, reactions to an answer.

English and Chinese. Each constant is what may stand between the bars of a regular expression that ignores case, with
one blank between English words and straight apostrophes. Of two that begin alike the longer one stands first: whoever
takes one after another need not go back. None ends in what asks ("好吗"), and none begins with what denies ("没收到").
"""

from __future__ import annotations

GREETING = (
    r"hi+|hello+|hey+|/start|hiya|howdy|yo|greetings|good (?:morning|afternoon|evening|day)|"
    r"你好[啊呀吗]?|您好|嗨+|哈[喽啰罗]+|早(?:上好|安)?|上午好|下午好|晚上好|在[吗么嘛]|在不在|有人吗|有人在吗|亲"
)

_VERY = r"(?:(?:so|really|very|super|just|quite|all) )?"
_IT_IS = r"(?:(?:that|it|this)(?:'s| is|s)? )?"
#: What somebody is thanked for in so many words.
_SERVICE = (
    r"(?:help|reply|answer|response|info(?:rmation)?|support|time|patience|assistance|explanation|update|clarification)"
)
THANKS = (
    r"(?:many )?(?:thanks?(?: ?(?:you|u))?|thanx|thn?x+|tnx|tks|ty|tysm|ta|cheers)"
    r"(?: (?:(?:so|very) much|a (?:lot|bunch|million|ton)|loads))?|"
    rf"for (?:all )?(?:your|the|ur) (?:(?:quick|fast|swift|prompt|kind|great) )?{_SERVICE}|"
    r"for (?:helping|explaining|clarifying|letting me know)|(?:i )?(?:(?:really|much) )?appreciated?(?: it)?|"
    rf"{_IT_IS}{_VERY}(?:great|perfect|awesome|amazing|brill(?:iant)?|wonderful|lovely|excellent|fantastic|sweet|"
    r"fab|helpful|kind of you)|(?:great|good|nice) (?:job|work|stuff|one)|well done|much obliged|"
    r"(?:you're |you are )?(?:the best|an? (?:star|legend|lifesaver)|legend)|"
    r"(?:(?:that|it|this) )?(?:(?:really|already|has|also) )?help(?:s|ed)(?: me)?(?: (?:a lot|a bunch|out))?|"
    r"(?:(?:that|it|this) )?(?:work(?:s|ed)(?: (?:now|fine|perfectly))?|did the trick)|"
    r"(?:非常|十分|太|万分)感谢(?:了|啦)?|"
    r"那?(?:谢+|蟹蟹|多谢|感谢)(?:您|你|了|啦|呀|啊|哈)*(?:的?(?:回复|帮助|帮忙|解答|提醒|告知))?|"
    r"3q|(?:麻烦|劳烦|辛苦)(?:您|你)?(?:了|啦)|辛苦|"
    r"(?:真的?|很|非常|太|挺|还|超级?|好)(?:好|棒|赞|不错|完美|给力|厉害|贴心)|不错|完美|真?棒|点?赞|给力|厉害"
)
GOODBYE = (
    r"(?:good)?bye+(?: ?bye)?|see (?:you|ya)|cya|good night|take care|"
    r"have a (?:nice|good|great|lovely) (?:day|one|evening|weekend)|"
    r"再见|拜+|回见|88+|(?:那就先|那就|那先|就先|就|先)这样吧?|晚安"
)

#: Means something only to who has asked.
YES = (
    r"yes|yeah|yep|yup|ye|sure|right|exactly|correct|indeed|(?:that(?:'s| is|s)|it is) (?:it|right|correct|the one)|"
    r"是的?|对(?!不起)的?|没错|正是|就是(?:这个|它)?|可以的?"
)
#: "Ok", "I see", "no, that's all": takes what was said.
REACTION = (
    r"good to (?:know|hear)|(?:(?:i|i've|ive) )?got (?:it|that)|gotcha|i (?:see|understand)|understood|noted(?: with)?|"
    r"(?:(?:that|it) )?makes sense|sounds (?:good|great|fine)|fair enough|no (?:problem|worries|rush)|never ?mind|nvm|"
    r"that(?:'s| is|s) all(?: i (?:need(?:ed)?|wanted)(?: to know)?)?(?: for (?:now|today))?|nothing else|"
    r"all (?:good|clear|set|right|sorted|done|fine)|(?:i'm|we're) (?:good|fine)|take your time|"
    r"(?:(?:i'll|ill|i will) (?:wait|try|check|be patient|think about it)|will (?:wait|try|do))(?: (?:it|that))?"
    r"(?: (?:then|now|later|tonight|tomorrow))?|doing it now|found it|(?:problem )?(?:solved|fixed|sorted)|done|"
    rf"{_IT_IS}{_VERY}(?:good|nice|cool|fine|super|clear|ok(?:ay)?)|that(?:'s| is|s) {_VERY}(?:fast|quick)|"
    r"(?:o+k+)+(?:ay|ie|ey|i)?|k+|alrighty?|no(?! good(?! to))|nope|nah|"
    r"oh+(?! no)|oo+h|ah+|aha|phew|wow|lol|ha(?:ha)*|yay|"
    r"(?:那(?:就|我就|我)?|我)?(?:都|就)?(?:知道|明白|了解|清楚|懂|学到|get(?:到|(?=了)))(?:了|啦)?|"
    r"(?:我|那|就|已经?){0,3}收到|(?:我|已经?){0,2}(?:找到|搞定|弄好|解决)了|已经?解决|"
    r"(?:那就?)?好(?:的|吧|呀|啊|滴|嘞|勒|哒|耶|哦|呢|了|啦|嘛|哈)*|(?:那就?)?行(?:吧|的|啊|了)?|"
    r"(?:那就?)?没(?:问题|关系|事)|没别的|(?:暂时|那就?)?没有?(?:其他|别的)?(?:问题)?了|"
    r"(?<!\w)没有?[呀啊哦]?(?=谢|\W|$)|不用(?:了|啦|谢)|"
    r"不客气|(?:那我|我)(?:先|再|去){0,2}(?:等等|试试|看看|想想)吧?|"
    r"[嗯恩]+呢?|欧克|妥|原来(?:如此|是?这样)|哦+|噢+|喔+|哈+|嘿+|哇+|[的了啦呀啊哟哒～]"
)
#: Who is spoken to, how it is said, and small words: a courtesy beside another one, and alone none.
BESIDE = (
    r"there|all|team|everyone|again|and|then|please|pls|plz|sir|madam|mate|guys|bot|kefu|sorry|my bad|oops|hm+|omg|"
    r"客服|小二|掌柜|老板|不好意思|抱歉|对不起|诶|欸"
)
