"""What a sentence does in a conversation, told by its wording."""

from __future__ import annotations

from time import process_time

import pytest

from finetune.history.followups import is_reaction, leans, without_reaction
from finetune.history.talk import asks, hands_over, is_answer, is_polite, puts_off, says_nothing, sentences


@pytest.mark.parametrize(
    "text",
    [
        *(
            "ok thx",
            "Perfect!",
            "yes",
            "Thanks a lot for your help",
            "👍",
            ":)",
            "...",
            "[photo]",
            "[图片][图片]",
        ),
        *("<order>", "<order>.", "Hi Anna", "好的谢谢", "嗯嗯", "收到", "在吗？", "您好", "3q", "12", ""),
        *("that’s great", "many thanks for your very quick reply", "那就好", "我知道了，谢谢您的帮助", "呜呜"),
    ],
)
def test_who_says_thanks_asks_nothing(text: str) -> None:
    assert says_nothing(text)


@pytest.mark.parametrize(
    "text",
    [
        *("warranty", "refund?", "发票", "怎么退货", "ok but when", "no printer", "thanks, and the lamp?"),
        *("没收到", "我没收到", "没有回复", "收到没有", "没明白", "yoyo"),
    ],
)
def test_one_word_may_be_a_question(text: str) -> None:
    assert not says_nothing(text)


ANSWERS = [
    "24 months.",
    "Yes, PayPal works.",
    "Sorry, we cannot mark parcels as gifts or lower the declared value.",
    "Hold the button for a second until the light turns white.",
    "Please wait 60 seconds before asking for the next one.",
    "Let me check. You can return it within 30 days.",
    "Please send us photos of the damage within 3 days, and keep the packing.",
    "Points are credited 14 days after delivery. When did your order arrive?",
    "Hold on to the receipt: it is your guarantee.",
    "中国这边合作的是顺丰",
    "可以的，港澳台4到6天",
    "您先马上改密码，再点“退出所有设备”",
]
NO_ANSWERS = [
    "Let me check this for you.",
    "One moment please",
    "I'll look into it and get back to you.",
    "Please hold while I look it up.",
    "Could you give me the order number, please?",
    "Please send me your order number.",
    "We have one in Rotterdam and one in Shanghai. Which of the two would you like?",
    "You're welcome, goodbye!",
    "I'm so sorry to hear that.",
    "Are you still there? I'll close the chat for now.",
    "I'm passing this to our payments specialists now, with your order number.",
    "I am handing you over to a colleague.",
    "请稍等",
    "稍等，我帮您查一下",
    "您好，订单号多少？",
    "麻烦把订单号发我一下哈",
    "不客气～",
    "非常抱歉给您添麻烦了",
    "这边帮您转接人工客服",
    "有问题随时喊我",
]


@pytest.mark.parametrize("text", ANSWERS)
def test_what_tells_something_is_an_answer(text: str) -> None:
    assert is_answer(text)


@pytest.mark.parametrize("text", NO_ANSWERS)
def test_what_puts_off_asks_back_or_hands_over_is_none(text: str) -> None:
    assert not is_answer(text)


def test_the_parts_of_that_by_name() -> None:
    assert asks("When did it arrive?")
    assert asks("您在哪个城市呀")
    assert not asks("It arrived.")
    assert puts_off("Just a moment please")
    assert not puts_off("It takes a moment.")
    assert puts_off("Bear with me.")
    assert hands_over("我已转给退款专员")
    assert not hands_over("Pass the cable through the hole.")
    assert is_polite("No problem.")
    assert not is_polite("No problem: the warranty covers lamps, kettles, pans and all other things.")


@pytest.mark.parametrize("text", ["Hi there, Monday to Saturday, 9 to 18.", "Sure: 12 euros.", "好的，9点到18点。"])
def test_a_figure_behind_a_greeting_answers(text: str) -> None:
    assert is_answer(text)


@pytest.mark.parametrize("text", ["Hi, I see your order LB-2048817.", "Hi, this is Tom from support.", "好的，谢谢"])
def test_a_greeting_that_goes_on_politely_does_not(text: str) -> None:
    assert not is_answer(text)


@pytest.mark.parametrize(
    "text",
    [
        *("We are open from 9 to 18.", "We are sold out.", "We are at Main Street 5.", "We're closed on Sunday."),
        *("Great question: 20 euros.", "Thank you, it is 20 euros.", "Sorry, we have none left.", "It is 20."),
        *("Certainly, bring it on Monday", "No problem, you can swap it.", "Very easily: use the form.", "It works."),
        *("You're welcome to return it.", "Don't worry, we pay the postage.", "Of course, PayPal.", "This evening."),
        *("Sorry to hear that but we are sold out.", "Sorry for the higher price from May.", "I'm afraid not."),
        *("You can come back when the shop opens.", "Leave it here at the counter.", "Enjoy free shipping this week."),
        *("没事，可以退", "好的，可以退", "非常抱歉，已经卖完了", "不客气，包邮的", "理解，但是不能退", "祝福卡免费送"),
        *(
            "欢迎到店自取",
            "收到后7天内退",
            "好的，我们支持微信",
            "7天内可以退，有问题随时联系我",
            "很高兴为您服务，满99包邮",
        ),
    ],
)
def test_an_opening_alone_makes_no_courtesy(text: str) -> None:
    assert not is_polite(text)
    assert is_answer(text)


@pytest.mark.parametrize(
    "text",
    [
        *("You're welcome, have a nice day!", "We are happy to help.", "I'm sorry for the trouble.", "My pleasure!"),
        *("Thank you for your patience and understanding.", "Great question!", "No worries at all.", "Thanks, Anna!"),
        *("We’re so sorry to hear about your lamp.", "We apologize for any inconvenience this may have caused."),
        *("Sorry for the wait and thank you for your patience.", "Hello, this is Tom from support.", "Certainly."),
        *("I completely understand your frustration.", "I'll close the chat for now, you can write any time."),
        *("很高兴为您服务", "不客气，祝您生活愉快", "很抱歉让您久等了", "非常抱歉给您带来不便", "感谢您的理解与支持"),
        *("应该的，别客气", "明白您的意思", "有任何问题随时联系我们", "欢迎再次光临", "您太客气了", "希望能帮到您"),
    ],
)
def test_nothing_but_courtesies_is_one(text: str) -> None:
    assert is_polite(text)
    assert not is_answer(text)


@pytest.mark.parametrize(
    "text", ["thank you " * 1000, "sorry to hear" + " that" * 2000 + " 5", "非常" * 4000, "抱歉" * 4000 + "x"]
)
def test_what_repeats_itself_is_told_at_once(text: str) -> None:
    began = process_time()
    is_polite(text)
    assert process_time() - began < 1


def test_sentences_end_at_stops_and_lines_and_not_in_numbers() -> None:
    assert sentences("It is 5.90 USD. From 49 it is free!\nYes.") == ["It is 5.90 USD.", "From 49 it is free!", "Yes."]
    assert sentences("可以的。运费5.90美元！好") == ["可以的。", "运费5.90美元！", "好"]
    assert sentences("") == []


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Perfect. How do we get an invoice?", "How do we get an invoice?"),
        ("ok and turkey?", "and turkey?"),
        ("nice, easy. does it cost smth?", "does it cost smth?"),
        ("好的，那包裹上能写礼物吗", "那包裹上能写礼物吗"),
        ("Good quality?", "Good quality?"),
        ("no printer here", "no printer here"),
        ("ok", "ok"),
    ],
)
def test_a_question_goes_without_the_reaction_before_it(text: str, question: str) -> None:
    assert without_reaction(text) == question


@pytest.mark.parametrize("text", ["Ok, I'll wait.", "ok will try tonight", "wow fast", "行 我再等等", "好的我去填"])
def test_a_reaction_is_no_question(text: str) -> None:
    assert is_reaction(text)


@pytest.mark.parametrize(
    "text", ["ok what now", "good grief the lamp has exploded in my kitchen", "行不行", "好久没收到货了怎么办"]
)
def test_a_question_is_no_reaction(text: str) -> None:
    assert not is_reaction(text)


@pytest.mark.parametrize(
    "text", ["how long?", "and to germany?", "it's broken", "4 days ago", "那多久", "加急呢", "没打印机啊"]
)
def test_such_follow_ups_say_nothing_alone(text: str) -> None:
    assert leans(text)


@pytest.mark.parametrize(
    "text", ["how do i become gold", "what is the price of a pillow", "学生有折扣么", "电子发票怎么开具呢"]
)
def test_such_follow_ups_stand_alone(text: str) -> None:
    assert not leans(text)
