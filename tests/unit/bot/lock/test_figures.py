"""Figures told in another way: the same one is carried, and another one in the same words is not."""

from __future__ import annotations

import pytest

from bot.lock import Evidence, checked

#: A passage, a sentence that says the same in other words, and one in those words that does not.
TOLD = {
    "the unit is left out": (
        "The flask keeps drinks hot for 12 hours and cold for 24 hours.",
        "It keeps drinks hot for 12 hours and cold for 24.",
        "It keeps drinks hot for 12 hours and cold for 48.",
    ),
    "the unit is left out, and the other one meant": (
        "You can return items within 30 days of delivery. Gold members have 60 days.",
        "You have 30 days from delivery, or 60 as a Gold member.",
        "You have 60 days from delivery, or 30 as a Gold member.",
    ),
    "each day": (
        "Our team works daily 9:00-21:00. The shop is open Monday to Friday.",
        "Our team works every day from 9:00 to 21:00.",
        "The shop is open every day.",
    ),
    "from and after": (
        "A gift card is valid for 3 years from the day of purchase.",
        "The gift card is valid for 3 years after purchase.",
        "The gift card is valid after 3 years.",
    ),
    "more": (
        "The bank then needs another 3 to 5 working days.",
        "The bank needs 3 to 5 more working days.",
        "The bank needs 3 to 5 more days.",
    ),
    "the half of the day": (
        "客服每天9:00-21:00为您服务。",
        "客服每天早上9:00到晚上21:00为您服务。",
        "客服每天早上9:00到晚上22:00为您服务。",
    ),
    "one end of a range": (
        "客服每天9:00-21:00为您服务。",
        "客服每天9:00开始为您服务。",
        "客服每天10:00开始为您服务。",
    ),
    "begun in the clause before": (
        "中国大陆的订单一般2至3天送达；西藏、新疆因路途较远，需要5至8天。",
        "订单一般2至3天送达，西藏和新疆需要5到8天。",
        "订单一般2至3天送达，西藏和新疆需要2到3天。",
    ),
    "the condition is a figure": (
        "订单金额不超过135英镑时，无需另付税款。超过135英镑的订单，由承运商收取20%的增值税。",
        "不超过135英镑的订单不用另付税款。",
        "超过135英镑的订单不用另付税款。",
    ),
    "the one link": (
        "Open https://shop.example/login, choose the link for a forgotten password and enter your mail address; we "
        "send you a link that is valid for 30 minutes. After 5 wrong tries your account is locked.",
        "The link you get after entering your mail address at https://shop.example/login is valid for 30 minutes.",
        "The link you get after entering your mail address at https://shop.example/orders is valid for 30 minutes.",
    ),
    "the one percentage": (
        "You get 10 % off your first order when you sign up for our newsletter. The code comes by mail. Enter the code "
        "in the basket.",
        "Enter the 10 % code in the basket.",
        "Enter the 15 % code in the basket.",
    ),
    "one of two percentages": (
        "Silver members get 5 % in points. Gold members get 10 % in points.",
        "Gold gives you 10 % in points.",
        "Silver gives you 10 % in points.",
    ),
    "the limit of one": (
        "每位顾客限用一次，礼品卡除外。",
        "每位顾客只能用一次，礼品卡除外。",
        "每位顾客能用两次，礼品卡除外。",
    ),
    "a threshold told twice": (
        "每年消费满200美元成为银卡会员，满600美元成为金卡会员。",
        "一年内消费满600美元就是金卡会员，满200美元是银卡。",
        "一年内消费满200美元就是金卡会员，满600美元是银卡。",
    ),
    "points by their short name": (
        "每消费1美元积1分，100积分可抵3美元，结账时直接抵扣。",
        "消费1美元积1分，100分能抵3美元。",
        "消费1美元积1分，100分能抵5美元。",
    ),
}


@pytest.mark.parametrize("told", TOLD)
def test_a_figure_told_in_another_way_is_carried_and_another_one_is_not(told: str) -> None:
    passage, same, other = TOLD[told]
    evidence = Evidence.of([("passage", passage)])
    assert [sentence.against for sentence in checked(same, evidence)] == [()]
    assert not any(sentence.supported for sentence in checked(other, evidence))
