"""What a message is taken for: small talk, a wish for a person, one question or several; and what it is not."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.responder import LONGEST
from bot.types import Reason
from bot.understanding import agrees, questions, small_talk, wants_person

GREETINGS = [
    *(
        "hi",
        "Hi there!",
        "hello??",
        "HELLO",
        "heyyy",
        "hiya",
        "Good morning",
        "hey team",
        "hi hi",
        "ok, hi",
        "hi 👋",
        "ｈｉ",
    ),
    # Calls, and does not say what for.
    *("help", "help me please", "HELP!!", "i need help", "can you help me?", "hello? anyone there?", "is anybody here"),
    *("有没有人", "有人没有啊", "我需要帮助", "帮帮我", "你好，帮个忙"),
    *("你好", "您好，在吗？", "在吗", "亲", "亲，在吗", "哈喽", "早上好！", "有人吗", "你好呀"),
]
THANKS = [
    *("thanks", "Thank you so much!", "thx", "ok thanks", "great, thank you!", "cheers", "thank you for your help"),
    *("no thanks, that's all", "nope, thanks", "tysm", "ok bye, thanks", "perfect", "that's great"),
    *("sweet thanks a lot", "great that helps", "ok got it cheers", "it works now, thanks!", "tks", "phew. thanks"),
    *("Many thanks for the quick reply!", "good to know thnx", "yes thanks", "sorry, thank you", "that’s kind of you"),
    *("谢谢", "好的谢谢", "谢谢亲", "多谢啦", "谢谢您！", "好的，明白了，谢谢", "辛苦了"),
    *("太好了，辛苦啦", "好的明白了谢谢", "谢谢回复", "麻烦您了", "没事了谢谢", "不用了，谢谢", "是的谢谢", "真棒"),
]
ACKNOWLEDGED = [
    *("ok", "okie", "kk", "Got it.", "alright", "no", "nope", "no problem", "fine", "OK, clear.", "makes sense"),
    *("Understood, that's all I needed.", "oh ok", "will do", "Ok, I'll wait.", "found it", "ok my bad", "hmm ok"),
    *("好的", "好嘞", "收到", "收到了", "我知道了", "那好吧", "哦哦好的", "懂了", "没有", "没有了", "不用了", "没问题"),
    *("我再等等", "好的我试试", "原来如此", "解决了", "对啊，找到了", "👍", "👍👍", "❤️", "🙏", "😂👌", "[图片]👌"),
]
GOODBYES = [
    *("bye", "Goodbye!", "bye bye", "see you", "ok, bye", "have a nice day!"),
    *("再见", "拜拜", "88", "好的，再见"),
]
ASKED_IF_BOT = [
    *("are you a bot", "Are you a bot?", "am i talking to a robot", "hi, are you a real person?", "r u a bot"),
    *("am I chatting with a real person or a bot?", "is this a bot", "are you human or AI?", "you a bot?"),
    *("你是机器人吗", "你是人工吗", "您好，请问你是人工客服吗？", "你是真人还是机器人？", "你是不是机器人", "是真人吗"),
    "我是在跟机器人聊天吗",
]
DECLINED = [
    *(
        "I don't want to talk to a human",
        "I don’t want an agent",
        "no need for a human agent",
        "I'd rather not talk to a person",
    ),
    *(
        "please don't transfer me to an agent",
        "no need to connect me with somebody",
        "I do not need to speak to a person",
    ),
    *("I don't want to talk to your manager", "no need to speak to anybody"),
    *("不用转人工", "我不要人工", "先不要转人工客服", "别转人工", "不需要人工", "没必要转人工"),
]
NO_WORDS = [
    "",
    "   ",
    "\n",
    "...",
    "？",
    "?!",
    "😀",
    "👎",
    "——",
    "\u200b",
    "[图片][图片]",
    "[photo]",
    "【视频】",
]
QUESTIONS = [
    *("hi, where is my order", "hello kitty lamp", "thanks for the refund?", "good lamp", "Is the shipping great?"),
    *("hey, this is not a lamp", "thank you but where's my parcel", "bye bye parcel", "history", "they", "This"),
    *("can I say goodbye to the newsletter?", "ty lamp", "1", "123"),
    *("are you a bot? where is my parcel", "are you a real shop", "is this a robot lamp", "is it real leather", "ai"),
    *("I don't want to talk to a human, where is my parcel", "not for people", "I don't want the lamp"),
    *("你是机器人吗，运费多少", "是真皮吗", "你们是人工分拣吗", "机器人多少钱", "不用转人工，运费多少", "不要这个"),
    # It begins like a courtesy, asks whether it is one, or denies it.
    *("ok but where is my parcel", "thanks for nothing", "thanks but no", "sweet potato", "all done?", "ok?"),
    *("no good", "oh no", "that's not helpful", "that helps nobody", "does that help", "it does not work", "not ok"),
    *("no help", "that's no help", "help with my parcel", "please", "again"),
    *("sorry", "and?", "hmm", "got it wrong", "never mind the lamp"),
    *("谢谢，那退款呢", "好吗", "行吗", "没问题吗", "收到了吗", "搞定了没", "没收到", "我没收到", "收到没有"),
    *("没懂", "不知道", "没有回复", "没用", "太麻烦了", "好久", "对了", "你呢", "那呢", "客服", "收到的是坏的"),
    # To who has asked it is an answer.
    *("yes", "sure", "yes please", "ok yes", "exactly", "that's right", "是的", "对", "可以", "可以的"),
    *("在吗？我的快递呢", "你好，退款多久", "亲，运费多少", "88 元", "能便宜点吗亲", "谢谢卡怎么写", "亲子灯"),
]


@pytest.mark.parametrize("text", GREETINGS)
def test_a_greeting(text: str) -> None:
    assert small_talk(text) is Reason.GREETING


@pytest.mark.parametrize("text", THANKS)
def test_thanks(text: str) -> None:
    assert small_talk(text) is Reason.THANKS


@pytest.mark.parametrize("text", ACKNOWLEDGED)
def test_what_takes_an_answer(text: str) -> None:
    assert small_talk(text) is Reason.ACKNOWLEDGED


@pytest.mark.parametrize("text", ["yes", "Sure!", "yes please", "exactly", "是的", "对对对", "可以"])
def test_a_yes_to_who_has_asked_nothing_takes_an_answer(text: str) -> None:
    assert small_talk(text, asked=False) is Reason.ACKNOWLEDGED
    assert small_talk(f"{text}?", asked=False) is None


@pytest.mark.parametrize("text", GOODBYES)
def test_a_goodbye(text: str) -> None:
    assert small_talk(text) is Reason.GOODBYE


@pytest.mark.parametrize("text", ASKED_IF_BOT)
def test_the_question_whether_this_is_a_bot(text: str) -> None:
    assert small_talk(text) is Reason.ASKED_IF_BOT


@pytest.mark.parametrize("text", DECLINED)
def test_who_wants_no_person_is_not_handed_over(text: str) -> None:
    assert not wants_person(text)
    assert small_talk(text) is Reason.ACKNOWLEDGED


@pytest.mark.parametrize("text", NO_WORDS)
def test_a_message_without_words(text: str) -> None:
    assert small_talk(text) is Reason.NO_WORDS


@pytest.mark.parametrize("text", QUESTIONS)
def test_what_says_anything_else_too_is_no_small_talk(text: str) -> None:
    assert small_talk(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *("I want to talk to a human", "human please", "agent", "a real person!", "Can I speak to someone?"),
        *("connect me with an agent", "transfer me to a representative", "get me a real person now", "HUMAN!!!"),
        *("put me through to an operator", "talk to someone about my refund", "can i have a human"),
        *("I would like to talk to a person.", "let me talk to somebody real, this is about my refund"),
        *("转人工", "人工", "人工客服", "我要找人工", "找个真人", "请转接人工客服", "我要和人工聊", "换人工"),
        *("不要机器人，我要人工", "转人工 谢谢", "还是找人工吧", "我要转人工客服。"),
        *("can I talk to sb", "can i speak to anybody", "get me someone", "need human!!", "pls human", "human human"),
        *("give me a person", "talk to support", "live chat with staff?", "you don't understand me. real person now."),
        *("ok forget it, operator", "is there a human here", "any real person there?"),
        "bot is useless give me an agent",
        *("来个人", "换个人来", "换人", "人呢", "客服呢", "客服！客服！"),
        *("有没有真人啊", "有人工吗", "让真人来", "找个人跟我说"),
        *("别跟我废话，给我人工", "菜单绕晕了！人工！", "算了 人工吧", "机器人没用，转客服"),
        *("想跟人说话", "轉人工", "換個人"),
        # Who is above whoever is there.
        *("manager!", "MANAGER NOW", "get me your boss", "i want your manager", "let me speak with a supervisor"),
        "where is your manager?",
        *("叫你们经理来", "配送太慢了，叫你们经理来", "我要见你们老板", "把主管叫来", "让领导出来"),
        # No bot.
        *("I dont want a bot", "no bot pls", "no more bots", "i hate this stupid bot", "go away bot"),
        *("不要机器人", "不想跟机器人聊", "别拿机器人糊弄我", "死机器人滚", "滚，傻机器人"),
        # A complaint that is made.
        *("i want to complain", "I'd like to make a formal complaint about your driver", "再不发货我要投诉了"),
        *("我要投诉", "我要投诉你们的退款", "我要投訴"),
        # Something else is refused, or nothing is.
        *("I don't want a bot, I want a human", "I don't want to talk to a bot I want a human", "不要机器人要人工"),
        *("I don't want to chat, connect me to an agent", "it does not work, talk to an agent", "不行转人工"),
        *(
            "why don't you transfer me to a human",
            "can't I talk to a human",
            "为什么不转人工",
            "还不转人工",
            "要不转人工吧",
        ),
    ],
)
def test_a_wish_for_a_person(text: str) -> None:
    assert wants_person(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "what are the hours of your human agents",
            "When can I talk to a person?",
            "until when can I talk to someone",
        ),
        *("How do I reach a human by phone number", "is this lamp safe for people", "can my agent pick up the parcel"),
        *(
            "Do you have human hair wigs",
            "can a person of 90 kg use the chair",
            "operator voltage?",
            "I need a person-",
        ),
        *("I don't want to talk to a human, where is my parcel", "不用转人工，运费多少", "我不想找人工，怎么退货"),
        *("how do I file a complaint?", "where do i go if i want to complain", "I want to complain, how?", "complaint"),
        *("怎么投诉？", "投诉", "投诉电话", "我想投诉怎么办", "我要正式投诉，走什么渠道？", "我不想投诉"),
        *("is your manager in on Sunday?", "who is your manager", "I need a manager desk", "Hugo Boss"),
        "Is anybody from customer service there on Saturdays? I mean a human being, not the chat robot.",
        *("does your live chat support Chinese", "can I transfer my points to anyone", "I want a robot vacuum"),
        *("客服电话是多少", "客服几点上班", "那客服呢", "晚上十点还有真人吗"),
        *("你们老板是谁", "老板椅多少钱", "找老板椅"),
        *("送货的人呢", "换收货人", "派个人来安装要多少钱", "能找人代收吗", "快递没来人", "怎么找客服"),
        *("我不要扫地机器人了", "机器人滚刷坏了", "包裹里少机器人", "我要活的鱼", "人工草坪有吗", "有人工智能吗"),
        *("人工客服几点上班", "人工客服电话多少", "人工费多少", "人工智能灯", "这个灯是人工做的吗", "请问人工服务时间"),
    ],
)
def test_a_question_about_persons_is_no_wish_for_one(text: str) -> None:
    assert not wants_person(text)


@pytest.mark.parametrize(
    "text",
    [
        *("yes", "Yes!", "yes please", "yeah, that's right", "ok", "sure", "exactly", "That's it.", "correct"),
        *("是", "是的", "对", "对的，没错", "嗯嗯", "好的", "就是这个", "👍", "👌🏻", "✅"),
        *("yes thanks", "Yes, that's it, thank you so much", "yes perfect", "是的谢谢", "对的，麻烦了"),
    ],
)
def test_a_yes(text: str) -> None:
    assert agrees(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "no", "not right", "yes but where is it", "yesterday", "right shoe", "不是", "是吗", "对不起", "👎", "1"),
        *("thanks", "no thanks", "yes no thanks", "right, no", "谢谢", "yes [photo] lamp", "❤️"),
    ],
)
def test_what_says_anything_but_yes(text: str) -> None:
    assert not agrees(text)


SEVERAL = [
    (
        "How much is shipping and how long does it take?",
        ["How much is shipping and", "how long does it take?"],
    ),
    ("How much is shipping? How long does it take?", ["How much is shipping?", "How long does it take?"]),
    ("Can I pay by PayPal? Also, do you ship to Norway?", ["Can I pay by PayPal?", "do you ship to Norway?"]),
    (
        "I bought a lamp. How do I return it? And when do I get my money back?",
        ["I bought a lamp. How do I return it?", "And when do I get my money back?"],
    ),
    ("How do I return it? When is the money back? Thanks!", ["How do I return it?", "When is the money back? Thanks!"]),
    ("运费多少？多久能到？", ["运费多少？", "多久能到？"]),
    ("运费多少，多久能到", ["运费多少，", "多久能到"]),
    ("请问怎么退货，另外退款要多久？", ["请问怎么退货", "退款要多久？"]),
    ("怎么退货还有运费谁出", ["怎么退货", "运费谁出"]),
    ("退款。另外运费多少？几天能到？", ["退款 运费多少？", "几天能到？"]),
]


@pytest.mark.parametrize(("text", "parts"), SEVERAL)
def test_several_questions_in_one_message(text: str, parts: list[str]) -> None:
    assert questions(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        *("Where is my parcel", "I bought a lamp. How long is the warranty?", "hi! where is my parcel? thanks"),
        *("Do you sell lamps and chairs?", "Is it black, or white?", "plus size?", "It costs 3.5 USD. Why?", "why??"),
        *("我的快递到哪里了", "我的灯坏了。怎么办？", "你好，请问怎么退货？谢谢", "", "???", "😀"),
    ],
)
def test_one_question_however_many_sentences_it_takes(text: str) -> None:
    assert len(questions(text)) < 2


clauses = st.sampled_from(
    [
        *("where is my parcel", "how much is it", "I bought a lamp", "My order is 12", "ok", "x", "does it", "no"),
        *("运费多少", "退款", "几天能到", "我买了台灯", "可不可以", "好的", "谢"),
    ]
)
joints = st.sampled_from(
    ["? ", "? Also, ", " and ", ", ", ". ", "？", "。另外，", "，还有", "；", "，", " ", "\n", "! "]
)


@given(st.lists(st.tuples(clauses, joints), min_size=1, max_size=6))
def test_no_word_but_the_connective_is_lost_when_a_message_is_split(pieces: list[tuple[str, str]]) -> None:
    text = "".join(clause + joint for clause, joint in pieces)
    parts = questions(text)
    if parts:
        assert said("".join(parts)) == said(re.sub("Also|另外|还有", "", text))


@given(st.lists(st.text() | st.sampled_from(["Where is my parcel? ", "运费多少？", ", how much is it? "]), max_size=6))
@example(["\ud800", "Where is my parcel? ", "\x00", "运费多少？", "\u200b"])
def test_no_text_is_too_strange(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert small_talk(text) in {None, *Reason}
    assert not (agrees(text) and wants_person(text))
    parts = questions(text)
    assert not parts or said("".join(parts)) == said(text)


@pytest.mark.parametrize(
    "unit",
    [
        *("hi ", "bye ", "thank you ", "that's great ", "ok ok ", "?", "a", ", ", "and how ", "talk to ", "i want a "),
        *("not to ", "no need to ", "do not talk to ", "are you a ", "am i talking to ", "是不是", "不用转"),
        *("好的", "亲亲", "谢谢了", "你好啊", "在吗", "是的", "对的没错", "转", "我要和", "不", "、", "另外"),
        *("，", "! ", "hi, ", "please, ", "manager, ", "any ", "no "),
        *("人工客服", "不要", "来个", "找你们", "要投诉", "help "),
        *("ok", "ha", "哈", "好", "我再", "那就好", "我已经", "感谢您", "yes thanks ", "that helps a lot ", "谢了"),
    ],
)
def test_a_long_row_of_the_same_ends(unit: str) -> None:
    # A pattern that tries all the ways to cut it would need longer than the universe has.
    text = unit * (LONGEST // len(unit)) + "x"
    small_talk(text)
    agrees(text)
    wants_person(text)
    questions(text)


def said(text: str) -> str:
    """Letters and digits only."""
    return re.sub(r"[\W_]", "", text)
