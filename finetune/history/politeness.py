"""What agents say out of courtesy: apologies, welcomes, wishes, thanks, sympathy, and how they end a chat.

English and Chinese, beside `retrieval.courtesies`, which has what anybody says in a chat. Each expression is the whole
of what stands between two stops or commas, so that nothing is told beside it. What an apology, a wish or thanks is
about is a short list as well: "Sorry for the wait" is a courtesy, and "Sorry for the higher price from May" is not.
"""

from __future__ import annotations

import re

from retrieval.courtesies import BESIDE, GOODBYE, GREETING, REACTION, THANKS, YES

#: What anybody says in a chat, to stand between the bars of an expression.
COURTESY = f"{GREETING}|{THANKS}|{GOODBYE}|{YES}|{REACTION}|{BESIDE}"

_NAME = r"(?-i:[A-Z][\w'-]*(?: [A-Z][\w'-]*){0,2})"
_VERY = r"(?:so|very|really|truly|terribly|extremely|deeply|most|just|always|sincerely|quite|too|only)"
_I_AM = r"(?:(?:i|we)(?:'m| am|'re| are|'d be|'ll be| was| were| would be)|it(?:'s| is| was)|that(?:'s| is)|im) "
_HERE = r"(?:support|service|the (?:[a-z]+ )?team|the desk|customer (?:service|care|support))"
#: What a customer has said, and an agent takes up: no figure, and nothing that tells how it is or what to do.
_TOLD = (
    r"(?: (?!(?:but|however|we|our|us|i|please|can|can't|cannot|could|will|won't|must|may|should|need|use|only|from"
    r"|until|within|because|since|sold|closed|open)\b)[a-z']+){1,7}"
)
_TROUBLE = (
    r"(?:bother|annoyance|trouble|wait(?:ing)?|delays?|mix ?up|inconveniences?|confusion|mistake|error|hassle|stress"
    r"|misunderstanding|frustration|disappointment|worry|upset|(?:bad |poor )?experience|situation|mess|slip"
    r"|(?:late|slow|long) (?:reply|response|answer|wait))"
)
_SORRY = (
    rf"(?:{_I_AM})?(?:{_VERY} )*sorry(?: (?:again|indeed))?"
    rf"|(?:(?:my|our|please accept (?:my|our)) )?(?:{_VERY} )?apologies"
    rf"|(?:(?:i|we) )?(?:do )?(?:{_VERY} )?(?:must )?apologi[sz]e"
)
_APOLOGY = (
    rf"(?:{_SORRY})(?: (?:to hear{_TOLD}|about (?:that|this|it|all (?:that|this)|(?:the|this|that|your) {_TROUBLE})"
    rf"|for (?:(?:all )?(?:the|any|this|that|your) {_TROUBLE}(?: (?:(?:that|this|it) )?(?:(?:has|may have"
    r"|might have) )?caused(?: you)?)?|that|this|it|keeping you waiting)|to keep you waiting|you had to wait"
    r"|that (?:you(?:'re| are| feel| felt) (?:unhappy|upset|cross|angry|disappointed|dissatisfied|not happy)"
    r"|(?:it|this|that|something|things) (?:still |has |have |had )?(?:went|gone|going|goes) wrong"
    r"|(?:it|this|that) (?:still |has |keeps )?(?:happen(?:s|ed|ing)|fail(?:s|ed|ing)|do(?:es)?n't work))))?"
)
_NOUN = (
    r"(?:help|reply|answer|response|information|info|support|time|patience|assistance|explanation|update"
    r"|clarification|understanding|message|e ?mail|inquiry|enquiry|question|request|feedback|interest|order|purchase"
    r"|loyalty|trust|call|cooperation|photos?|pictures?|details|numbers?|confirmation|kind words|note|report|visit"
    r"|contact|concern)"
)
_DONE = (
    r"(?:ask|check|contact|wait|writ|reach|shopp|choos|confirm|call|tell|report|understand|answer|repl[yi]|shar|stay"
    r"|com|visit|get|send|order|point|bear|let|explain|clarify|add|join|try)(?:t?)ing"
)
_THANKS = (
    rf"(?:{THANKS})|(?:(?:i|we) )?(?:{_VERY} )?appreciate (?:your (?:{_NOUN}|business)|it|that)"
    rf"|(?:many )?thank(?:s| you)(?: (?:{_VERY} much|a lot|again))? (?:for (?:(?:all )?(?:your|the|this|that|these) "
    rf"(?:(?:quick|fast|swift|prompt|kind|great|long|continued|nice|lovely) )?{_NOUN}(?: and (?:your )?{_NOUN})?"
    rf"|{_DONE}(?: (?:us|me|out|back|in|in touch|so quickly|so much|so long|to us|again|with us|know|it|that|this"
    rf"|them|on|by|there|here|those|the {_NOUN}|your {_NOUN}))*)|in advance|again)"
)
_WELCOME = (
    rf"you(?:'re| are) (?:{_VERY} )?welcome|(?:it(?:'s| is|'s been| has been| was) )?(?:my|our|a) pleasure"
    r"(?: to (?:help|assist|serve) you)?|(?:with |the )?pleasure(?: is (?:mine|ours))?|don't mention it"
    r"|anytime|nothing to thank (?:me|us) for"
    rf"|welcome(?: back)?(?: to (?:{_NAME}|(?:our|the) (?:shop|store|chat|support|service)))?"
)
_HELP = (
    rf"(?:{_I_AM})?(?:{_VERY} )*(?:happy|glad|pleased|delighted|here) to (?:help|assist|be of (?:help|service)"
    r"|hear from you|meet you)(?: you)?(?: with (?:that|this|it))?"
    r"|(?:let me|i(?:'ll| will|'d like to| can)|we(?:'ll| will)) (?:gladly |happily )?(?:help"
    r"|assist)(?: you)?(?: with (?:that|this|it))?|at your service"
)
_GLAD = (
    rf"(?:{_I_AM})?(?:{_VERY} )*(?:glad|happy|pleased|good|great|nice|lovely|wonderful|delighted) "
    rf"(?:to (?:hear|read){_TOLD}"
    r"|(?:that )?(?:it|that|this|all|everything) (?:now )?(?:(?:has )?(?:helped|worked|arrived)|works|helps"
    r"|is (?:fine|well|solved))(?: (?:now|out|for you))?"
    r"|(?:that )?(?:i|we) could (?:help|be of help|assist)(?: you)?|(?:that )?you like (?:it|them))"
    r"|(?:that(?:'s| is) )?(?:an? )?(?:very )?(?:great|good|excellent|fair) (?:question|point)"
)
_EASE = (
    r"(?:that's |it's |that is |it is )?(?:no (?:problem|worries|trouble|rush|hurry|bother)|fine)(?: at all"
    r"| whatsoever)?|(?:please )?don't (?:you )?worry(?: (?:about (?:it|that)|at all))?|not to worry"
    r"|(?:that|it|this|these things) happens?(?: to (?:all of us|everyone|everybody|the best of us|us all|me too))?"
    r"|(?:please )?don't hesitate|of course|certainly|surely|gladly|absolutely|definitely|naturally|for sure"
    r"|sure thing|take your time"
)
_FEELING = (
    rf"i (?:(?:can |do )?(?:{_VERY} |totally |fully |completely |perfectly |well )?(?:understand|see|imagine"
    r"|hear you))(?: (?:you|that|it|completely|(?:your|the) (?:worry|worries|concerns?|frustration|annoyance|anger"
    r"|disappointment|point|question|situation)|how (?:annoying|frustrating|upsetting|disappointing) (?:that|this"
    r"|it) (?:is|must be)))?|(?:that(?:'s| is) )?(?:very |totally |completely |perfectly )?understandable"
    r"|you have every (?:reason|right) to be \w+|oh (?:no|dear|my)"
    r"|how (?:strange|odd|annoying|frustrating|awful|sad|nice|lovely|kind(?: of you)?|disappointing"
    r"|unpleasant)(?: (?:that|this|it) is)?|(?:that|this|it) (?:is|'s|was|sounds"
    r"|must (?:be|have been)) (?:an? )?(?:very |really |so )?(?:nasty|annoying|frustrating|upsetting|disappointing"
    r"|unpleasant|awful|horrible|a pity|pity|shame)(?: surprise)?"
    r"|that(?:'s| is) (?:an? )?(?:nasty|unpleasant|bad) surprise"
    r"|(?:that|this|it) (?:must|should) not (?:have )?happen(?:ed)?(?: (?:again|twice))?"
    r"|what a (?:pity|shame|mess|surprise)"
)
_WISH = (
    r"enjoy (?:it|yourself|(?:your|the) (?!free\b)[a-z]+(?: (?!for\b|until\b|within\b)[a-z]+)?|(?-i:[A-Z][a-z]+))"
    r"|have (?:an?|yourself a) (?:(?:very|really) )?(?:nice|good|great|lovely|wonderful|pleasant|fantastic"
    r"|amazing) (?:day|one|evening|weekend|week|time|afternoon|morning|night|holiday|trip|journey"
    r"|rest of (?:your|the) (?:day|week))(?: ahead| too)?|have fun"
    r"|(?:i |we )?(?:do |really )?hope (?:(?:that|this|it|everything|all) (?:helps|works(?: out| now)?|goes well"
    r"|is well|was helpful|answers (?:it|your question))|to (?:see|hear from|welcome) you (?:again|soon|again soon)"
    r"|you (?:enjoy|like) (?:it|them)|you have an? (?:nice|good|great|lovely|wonderful) [a-z]+"
    r"|(?:you(?:'re| are)) (?:well|doing well)|so)|good luck|all the best|best wishes|stay safe"
    r"|(?:and )?(?:the )?same to you|you too|likewise|get well soon"
    r"|happy (?:shopping|holidays|new year|birthday|easter|reading|cooking|brewing)|merry christmas"
    r"|see you(?: (?:soon|then|later|there|again|around|tomorrow|in (?:the|our) (?:shop|store)))*"
    r"|(?:goodbye|bye)(?: for now| then)?|until (?:then|next time)"
    r"|(?:we |i )?look(?:ing)? forward to (?:seeing|hearing from) you(?: again| soon)*"
)
_WHO = (
    rf"(?:this is|i'm|i am) {_NAME}(?: (?:here|speaking)|(?: here)? (?:from|with|of|at) (?:{_HERE}|{_NAME}))"
    rf"|my name is {_NAME}|(?:i|we) (?:can |now )?(?:see|have|found) your (?:order|ticket|account|case|request|number"
    r"|message)(?: [a-z]{1,4}(?= \d))?(?: \d+)*(?: (?:here|now|in front of me))?"
    r"|(?:(?:it|that|this|all|both|both numbers|the number) (?:is|are) )?noted"
    r"|(?:i|we)(?:'ve| have) noted (?:it|that|this|them)"
)
_BEFORE = r"(?:(?:oh|ah|well|and|but|so|ok|okay|yes|hi|hello|hey|sure|again|then|there) )*+"
_AFTER = r"(?: (?:again|then|too|though|there|anyway|indeed|as well|all|sir|madam|in advance|and))*"
#: "It works" is praise where a customer says it, and answers where an agent does.
_TELLS = r"(?!(?:(?:it|this|that) )?(?:work|help)(?:s|ed)\b|nothing else)"
#: A courtesy in English, with straight apostrophes and one blank between words.
POLITE = re.compile(
    rf"{_BEFORE}{_TELLS}(?:{COURTESY}|{_APOLOGY}|{_THANKS}|{_WELCOME}|{_HELP}"
    rf"|{_GLAD}|{_EASE}|{_FEELING}|{_WISH}|{_WHO}){_AFTER}",
    re.IGNORECASE,
)
#: "Thanks, Anna": who is spoken to tells nothing behind these. "Of course, PayPal" answers.
CALLED = re.compile(
    r"(?i:\b(sorry|about (?:that|this|it)|thanks|thank you|welcome|goodbye|bye|pleasure|apologies|day|evening"
    rf"|weekend|worries)),? (?!(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day){_NAME}(?=\s*(?:[,.!]|$))"
)

_TAIL = "[啊呀哈哦噢喔呢吧啦了的哒嘛哟呐～亲]*"
_HAN_VERY = "(?:真的?|实在|确实|非常|十分|万分|特别|很|太|深感|深表|诚挚|衷心|完全|还是)*"
_HAN_WHAT = (
    "(?:理解|支持|配合|耐心|等待|反馈|信任|关注|来信|咨询|联系|提醒|谅解|包容|惠顾|光临|光顾|喜欢|厚爱|选择|认可"
    "|帮助|帮忙|回复|建议|体谅|好评|告知|夸奖|肯定)"
)
_HAN_SORRY = (
    f"{_HAN_VERY}(?:抱歉|对不起|不好意思|歉意|遗憾)(?:(?:给|让|为|对)[您你][^，]{{0,8}}?(?:麻烦|不便|困扰|久等|着急"
    "|担心|失望|体验|误会|烦恼|不愉快|费心|受累)|听到(?:这个|这样|这些|您|你)[^，]{0,6}|久等|打扰)?"
    "|(?:给|让)[您你](?:添|带来|造成)?[了的]?(?:麻烦|不便|困扰|久等|费心|受累|担心)|打扰(?:[您你])?|久等"
)
_HAN_JOY = (
    "(?:愉快|顺利|开心|快乐|健康|喜欢|如意|幸福|平安|好运|好梦|吉祥|成功|康复|满意|安好|一切都?好|大吉|发财|晚安"
    "|高兴|天天向上)"
)
_HAN_WISH = (
    f"(?:顺)?祝(?!福?卡|贺卡|福语)[^，]{{0,10}}?{_HAN_JOY}"
    "|(?:生活|购物|工作|学习|周末|节日|新年|旅途|用餐|使用|用得|玩得|吃得|喝得|住得|心情|假期|圣诞|中秋|国庆|春节"
    "|出行|旅行|阅读)(?:愉快|顺利|快乐|开心|舒心)|欢迎(?:[您你])?(?:再次|下次|常|随时)?(?:光临|惠顾|再来|咨询|联系"
    "|回来)(?:我们|本店|小店)?|期待(?:[您你]的?)?(?:再次|下次)?(?:光临|惠顾|到来|回复)"
    "|希望(?:能|可以)?(?:对[您你]有(?:所)?帮助|帮到[您你])"
)
_HAN_KIND = (
    "不(?:必|用|要)?(?:客气|谢)|别客气|(?:[您你]太?)?客气|应该的|没(?:关系|事儿?)|不麻烦|不辛苦|小事(?:一桩|情)?"
    "|举手之劳|当然|没问题|哎+呀*|哎哟|天[哪呐啊]|糟糕"
    f"|(?:我们?)?{_HAN_VERY}(?:高兴|荣幸|乐意|愿意|开心)?(?:能|可以)?(?:随时|竭诚)?(?:为|帮|给)[您你](?:服务|解答"
    f"|效劳|帮忙|忙|提供帮助)|{_HAN_VERY}(?:高兴|荣幸|乐意)(?:能|可以)?(?:帮到[您你]?|帮助[您你]|效劳)"
    f"|(?:我们?)?{_HAN_VERY}(?:能)?(?:理解|明白|体会|了解"
    "|懂)(?:[您你]的?(?:心情|感受|着急|担心|顾虑|想法|意思|焦虑|难处|处境|问题)?)?|(?:[您你]|请)?放心"
    f"|(?:请|您)?(?:不用|别|不要)(?:担心|着急|急)|{_HAN_VERY}(?:多谢|谢谢|感谢)(?:[您你亲]|大家)?(?:对我们"
    f"|对本店)?的?(?:(?:{_HAN_WHAT}|[与和及的])+)?|(?:我|这里|这边)是(?:[^，]{{0,6}}客服)[^，]{{0,3}}"
)
#: Courtesies in Chinese, where words are not divided.
POLITE_HAN = re.compile(
    rf"(?:(?:{_HAN_SORRY}|{_HAN_WISH}|{_HAN_KIND}){_TAIL}|{COURTESY}|有的|呵+|呜+|唉|额|呃|那|就|[您你吧呢嘛])++",
    re.IGNORECASE,
)

#: The end of a chat, and what may be done after it.
CLOSING = re.compile(
    r"(?i:\b(?:i|we)(?:'ll| will|'m| am|'re| are)(?: now| going to)* clos(?:e|ing) "
    r"(?:(?:the|this) (?:chat|ticket|conversation)|here)"
    r"|\b(?:i|we) (?:haven't|have not) heard (?:back )?from you|\b(?:i|we)(?:'ll| will) leave it here"
    r"|^(?:(?:so|if) )?(?:i|we) (?:don't|do not) hear (?:back )?from you|are you still there"
    r"|\b(?:write|come) (?:to us |back |again |in )*when(?:ever)? you(?:'re| are|'ve| have)? (?:like|need|want|ready"
    r"|made|decided)|^(?:(?:you can|just|please|feel free to|do) )+(?:write|reply|come back)(?: again| to us"
    r"| back)*(?:(?: at)? any ?time)?$)|还在(?:吗|嘛|么)|您在(?:吗|嘛|么)|方便的时候回|回我(?:一下)?就行"
    r"|^我(?:再|接着|继续)(?:帮|给|为)[您你]看$|^(?:那)?(?:[您你])?(?:如?果?有(?:什么|任何|其他)?(?:问题|需要|事"
    r"|疑问)|想好了?|考虑好了?|需要)?(?:的话)?(?:请|可以)?(?:随时|再)(?:来|喊|找|联系|叫|问|咨询)(?:我们|我"
    r"|客服)?[哦呀哈啊吧呢的～]*$"
)
