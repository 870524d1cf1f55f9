"""Everyday functions: what the demo's loop learns from."""


def total_cents(prices: list[int], shipping: int) -> int:
    total = 0
    for price in prices:
        total += price
    if total < 5000:
        total += shipping
    return total


def discount(cents: int, percent: int) -> int:
    if percent < 0 or percent > 100:
        return cents
    return cents - cents * percent // 100


def cheapest(prices: list[int]) -> int:
    if len(prices) == 0:
        return -1
    best = prices[0]
    for price in prices:
        if price < best:
            best = price
    return best


def stars(count: int) -> str:
    if count < 1:
        return "-"
    if count > 5:
        count = 5
    return "*" * count


def label(name: str, amount: int) -> str:
    if amount == 1:
        return "1 " + name
    return str(amount) + " " + name + "s"


def well_stocked(levels: list[int], least: int) -> int:
    found = 0
    for level in levels:
        if level >= least:
            found += 1
    return found


def running_totals(amounts: list[int]) -> list[int]:
    totals = []
    total = 0
    for amount in amounts:
        total += amount
        totals.append(total)
    return totals


def parcel_price(grams: int) -> int:
    if grams <= 500:
        return 390
    if grams <= 2000:
        return 590
    return 590 + (grams - 2000) // 1000 * 120


def seat_rows(seats: int, width: int) -> int:
    if width <= 0:
        return 0
    rows = seats // width
    if seats % width > 0:
        rows += 1
    return rows


def change(paid: int, price: int) -> list[int]:
    rest = paid - price
    coins = []
    for coin in [200, 100, 50, 20, 10]:
        while rest >= coin:
            coins.append(coin)
            rest -= coin
    return coins
