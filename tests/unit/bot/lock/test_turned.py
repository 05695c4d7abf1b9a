"""Statements in the evidence's own words that turn what it says: each beside one that does not."""

from __future__ import annotations

import pytest

from bot.lock import Code, Evidence, checked

#: What the evidence says; what is true by it; what is false by it, and what is held against that.
TURNED = [
    (
        "The amount cannot be paid out in cash.",
        "You cannot have the amount paid out in cash.",
        "Please note that it can be exchanged for cash.",
        Code.NEGATION,
    ),
    ("鹿特丹仓和哥伦布仓照常工作，不受影响。", "鹿特丹仓不受影响。", "鹿特丹仓和哥伦布仓受影响。", Code.NEGATION),
    (
        "摔落、进水造成的损坏和正常磨损，不在保修范围内。",
        "摔落、进水造成的损坏不在保修范围内。",
        "摔落、进水造成的损坏在保修范围内。",
        Code.NEGATION,
    ),
    (
        "Cash on delivery is not offered, in no country we ship to.",
        "There is no country with cash on delivery.",
        "Cash on delivery is available in any country.",
        Code.NEGATION,
    ),
    (
        "Leave the second parcel unopened and send it back to us free of charge.",
        "Send the second parcel back unopened, free of charge.",
        "Open the second parcel and send it back to us free of charge.",
        Code.NEGATION,
    ),
    ("“清仓特卖”商品不能退。", "抱歉，“清仓特卖”商品不能退。", "“清仓正价”商品不能退。", Code.NAME),
    ('Tap "Sign out everywhere".', 'Please tap "Sign out everywhere".', 'Tap "Sign in everywhere".', Code.NAME),
    (
        "Leave the box unticked if you do not want it.",
        "If you do not want it, leave the box unticked.",
        "Leave the box unticked if you want it.",
        Code.NEGATION,
    ),
    ("现金、银行卡和支付宝。不收支票。", "现金和支付宝都可以。", "现金、银行卡、支付宝和支票。", Code.NEGATION),
    (
        "购买后14天内，未使用并附上收据。",
        "未使用并附上收据，购买后14天内。",
        "购买后14天内，未使用，不需要收据。",
        Code.NEGATION,
    ),
    ("购买后14天内，未使用并附上收据。", "未使用并附上收据。", "未使用或附上收据。", Code.NEGATION),
    (
        "Yes, within 14 days of purchase, unused and with the receipt.",
        "Within 14 days of purchase, unused and with the receipt.",
        "Within 14 days of purchase, unused or with the receipt.",
        Code.NEGATION,
    ),
    (
        "Yes, within 14 days of purchase, unused and with the receipt.",
        "With the receipt and unused, within 14 days of purchase.",
        "Within 14 days of purchase, used or unused, with the receipt.",
        Code.NEGATION,
    ),
    ("Most repairs take two days.", "Most repairs take 2 days.", "All repairs take two days.", Code.SUBJECT),
    ("We are behind the shop.", "You find us behind the shop.", "We are beside the shop.", Code.SUBJECT),
    (
        "2 years on frames, 1 year on batteries.",
        "Frames have 2 years, batteries 1 year.",
        "2 years on frames and batteries.",
        Code.DURATION,
    ),
    (
        "A puncture costs 12 euros. An inspection costs 45 euros.",
        "An inspection costs 45 euros and a puncture 12 euros.",
        "A puncture costs 12 euros and so does an inspection.",
        Code.COMPARISON,
    ),
    (
        "When are you open? Monday to Saturday, 9 to 18.",
        "Monday to Saturday, 9 to 18.",
        "We are closed Monday to Saturday, 9 to 18.",
        Code.NEGATION,
    ),
    ("缺货商品一般2至3周内补货。", "缺货的商品一般2到3周内补货。", "缺货商品一般3至3周内补货。", Code.NUMBER),
    (
        "Toys are tested by a laboratory before the sale. Swings are built by partner firms in your garden.",
        "Partner firms build the swings in your garden.",
        "Swings are tested by a laboratory in your garden.",
        Code.SUBJECT,
    ),
    (
        "主卡最多可办三张副卡，费用由主卡账户扣除。副卡可以单独停机，转为独立号码须到营业厅办理。",
        "副卡可以单独停机。",
        "主卡账户转为独立号码由副卡扣除。",
        Code.SUBJECT,
    ),
]


@pytest.mark.parametrize(("evidence", "true", "false", "code"), TURNED)
def test_what_the_evidence_says_passes_and_what_turns_it_does_not(
    evidence: str, true: str, false: str, code: Code
) -> None:
    read = Evidence.of([("entry", evidence)])
    assert [sentence.against for sentence in checked(true, read)] == [()]
    objections = [objection.code for sentence in checked(false, read) for objection in sentence.against]
    assert code in objections
