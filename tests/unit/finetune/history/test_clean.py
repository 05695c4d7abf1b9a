"""What is left of a message: what it says itself, all of it, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finetune.history.clean import clean, is_greeting

SAYS = [
    "Is the flickering lamp covered by the warranty?",
    "Please fill in the form at /warranty.\n\nWe answer within 3 working days.",
    "It has 2 doors, and 1 of them sticks.",
    "咖啡机漏水，保修期是多久？",
    "请在 /warranty 填写订单号并上传照片，3个工作日内答复您。",
]
GREETINGS = [
    "Hi Anna,\n\n",
    "Hello! ",
    "Dear Sir or Madam,\n",
    "Good morning,\n",
    "您好，",
    "李女士您好，\n",
    "尊敬的客户：\n",
    "",
]
ENDINGS = [
    "\n\nKind regards\nJonas Weber\nLantern Bay Customer Service\n+1 202 555 0143",
    "\n\nThanks, Anna",
    "\n-- \nJonas | Support",
    "\n\nIs there anything else I can help you with?\n\nBest,\nJ.",
    "\n\n谢谢！\n李华\n手机：13812345678",
    "\n祝您生活愉快！\n陈洁",
    "",
]
ADDED = [
    "\n\nSent from my iPhone",
    "\n\n发自我的华为手机",
    "\n\nOn Mon, Mar 2, 2026 at 11:05 AM Jonas Weber <s@x.example> wrote:\n> Hello\n>\n> what is it?",
    "\n\n-----Original Message-----\nFrom: Jonas\nSent: Monday\nTo: Anna\nSubject: Re: lamp\n\nHello Anna, what is it?",
    "\n\n发件人：客服\n发送时间：2026年3月2日\n主题：咖啡机\n\n您好，请问有什么问题？",
    "\n\n在 2026年3月2日，客服 <s@x.example> 写道：\n> 您好",
    "\n\nThis e-mail and any attachments are confidential and intended solely for the addressee.",
    "\n\n本邮件及其附件含有保密信息，仅供收件人使用。",
    "",
]


@settings(deadline=None)
@given(st.sampled_from(GREETINGS), st.sampled_from(SAYS), st.sampled_from(ENDINGS), st.sampled_from(ADDED))
def test_what_a_mail_says_is_left_whole_and_alone(greeting: str, says: str, ending: str, added: str) -> None:
    assert clean(greeting + says + ending + added) == says


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("aZé你好请9 \n\t.,!?>-:谢\r\u200b<@"), max_size=60) | st.text(max_size=60))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


pieces = st.lists(
    st.sampled_from([*GREETINGS, *SAYS, *ENDINGS, *ADDED, "\n", "> x\n", "Best,\n", "Re: lamp", "thanks", "--\n", "?"]),
    max_size=8,
)


@settings(deadline=None)
@given(pieces.map("".join))
def test_a_text_that_had_a_word_is_never_emptied(text: str) -> None:
    left = clean(text)
    assert clean(left) == left
    assert any(map(str.isalnum, left)) == any(map(str.isalnum, text))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        # What begins like a greeting, an ending or a quotation and is none.
        ("Hi-res photos are not accepted, why?", "Hi-res photos are not accepted, why?"),
        ("Hello Where is my parcel", "Where is my parcel"),
        ("hi where is my parcel", "where is my parcel"),
        ("Best before date?\nIt says 2026", "Best before date?\nIt says 2026"),
        (
            "Thanks to your help it works.\nBut the lid is loose.",
            "Thanks to your help it works.\nBut the lid is loose.",
        ),
        ("Regards,\nPS: Where do I send it?", "Regards,\nPS: Where do I send it?"),
        ("> 50 pieces, is there a discount?", "> 50 pieces, is there a discount?"),
        ("亲子装有吗", "亲子装有吗"),
        ("你好电子发票怎么开", "电子发票怎么开"),
        ("Morning delivery, is it possible?", "Morning delivery, is it possible?"),
        ("The red one is gone. Do you have anything else in blue?",) * 2,
        ("I sent the form. Is there anything else I need to send?",) * 2,
        ("黑的没了。还有别的颜色吗？", "黑的没了。还有别的颜色吗？"),
        ("坏了\n谢谢，能退吗", "坏了\n谢谢，能退吗"),
        ("Sizes:\n---\nS: 5 USD\nM: 6 USD", "Sizes:\n---\nS: 5 USD\nM: 6 USD"),
        # A sentence that began with a capital still does, unless its word is written small.
        ("Hello, the parcel is on its way.", "The parcel is on its way."),
        ("Hello, iPhones are not covered.", "iPhones are not covered."),
        ("Hello, support@x.example helps.", "support@x.example helps."),
        # An answer below the quotation.
        ("On 1 Feb, Jonas wrote:\n> Which colour?\nThe blue one.", "The blue one."),
        ("Blue.\n\nOn 1 Feb, Jonas wrote:\n> Which colour?\n> Which size?\n\nAnd size L.", "Blue.\n\nAnd size L."),
        ("##- Please type your reply above this line -##\nWhere is it?", "Where is it?"),
        ("Where is it? Thanks in advance!", "Where is it?"),
        ("什么时候发货？谢谢", "什么时候发货？"),
        ("Thank you for contacting us. Returns are free.", "Returns are free."),
        ("Returns are free. Is there anything else I can do for you?", "Returns are free."),
        ("退货免费。请问还有什么可以帮您的吗？", "退货免费。"),
        ("感谢您的耐心等待。退货免费。", "退货免费。"),
        ("Returns are free. Please let us know if you have any further questions.", "Returns are free."),
        ("Please let us know your order number.", "Please let us know your order number."),
        # A signature on the line of what it signs.
        ("Yes, from 35 euros, in three sizes. Best, Anna", "Yes, from 35 euros, in three sizes."),
        ("Yes, from 35 euros. Kind regards, Anna Miller", "Yes, from 35 euros."),
        ("It is 20. Best, Anna\nCustomer Service\n+1 202 555 0143", "It is 20."),
        ("We have it. Thanks, your Lantern Bay Team", "We have it."),
        ("可以退的。此致敬礼 李华", "可以退的。"),
        ("可以退的。祝好！小王", "可以退的。"),
        ("Which one is it? Best Western.",) * 2,
        ("We have three. Best before 2027.",) * 2,
        ("One is left. Thanks to Anna",) * 2,
        ("We sell two. Kind regards from Rome is the better one.",) * 2,
        ("Is it free? Best, Anna\nAnd how do I return it?",) * 2,
        ("两种都有。祝好礼盒和福字礼盒",) * 2,
        ("Best, Anna", "Best, Anna"),
        ("a\u200b\ufeffb\u00a0 c\r\n\r\n\r\n\r\nd", "ab c\n\nd"),
        ("", ""),
    ],
)
def test_single_cases(text: str, left: str) -> None:
    assert clean(text) == left


@pytest.mark.parametrize("text", ["Hi Anna", "hello", "Good morning!", "您好", "你好呀～", "在吗？", "Dear team,"])
def test_greetings_are_known(text: str) -> None:
    assert is_greeting(text)


@pytest.mark.parametrize("text", ["Hi, where is it", "你好请问发票", "lamp", ""])
def test_what_goes_on_is_no_greeting(text: str) -> None:
    assert not is_greeting(text)
