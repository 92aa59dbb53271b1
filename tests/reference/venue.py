"""The venue's side: visible orders, matching against prints, the account ("Matching" in docs/definitions.md).

Only what files of trades and candles need: there is no book and no top of book, so the last print is bid and ask of
unlimited size, and nothing is displayed ahead of an order: the model `queue` fills as `touch` does.
"""
from units import ONE, ceil_to, floor_to, mul_down, mul_up


class Instrument:
    def __init__(self, symbol, venue, tick, lot, limits, base_unit, quote_unit):
        self.symbol, self.venue, self.tick, self.lot, self.limits = symbol, venue, tick, lot, limits
        self.base, self.quote = symbol.split("-")
        self.base_unit, self.quote_unit = base_unit, quote_unit
        self.last = None

    def broken_rule(self, order, price):
        """Whether a limit order, or a market order valued at `price`, breaks the venue's rules."""
        l = self.limits
        if order.type == "limit":
            if order.price % self.tick or order.price <= 0 or order.price < l["min_price"]:
                return True
            if l["max_price"] and order.price > l["max_price"]:
                return True
        if order.qty <= 0 or order.qty % self.lot or order.qty < l["min_qty"]:
            return True
        if l["max_qty"] and order.qty > l["max_qty"]:
            return True
        if price is None:
            return False
        value = price * order.qty
        return value < l["min_notional"] * ONE or bool(l["max_notional"] and value > l["max_notional"] * ONE)


class Order:
    def __init__(self, number, strategy, instrument, side, type_, price, qty, post_only):
        self.number, self.strategy, self.instrument = number, strategy, instrument
        self.side, self.type, self.price, self.qty, self.post_only = side, type_, price, qty, post_only
        self.open = qty  # as the venue sees it
        self.left = qty  # as the agent knows: the fills of one print reach it one by one
        self.cancelling = False
        self.state, self.reserved, self.reason = "submitted", 0, None

    def lock(self):
        """What the venue's account locks while the order rests."""
        return mul_up(self.price, self.open) if self.side == "buy" else self.open


class Venue:
    def __init__(self, name, model, latency, slippage, maker, taker, fee_asset, balances):
        self.name, self.model, self.latency, self.slippage = name, model, latency, slippage
        self.maker, self.taker, self.fee_asset = maker, taker, fee_asset
        self.balances, self.resting = dict(balances), []

    def free(self, asset):
        locked = sum(o.lock() for o in self.resting
                     if asset == (o.instrument.quote if o.side == "buy" else o.instrument.base))
        return self.balances.get(asset, 0) - locked

    def price_to_take(self, order):
        """What a marketable order pays now: a limit order the last print, a market order that and the slippage."""
        last, i = order.instrument.last, order.instrument
        if last is None or order.type == "limit":
            return last
        if order.side == "buy":
            return -(-last * (ONE + self.slippage) // ONE // i.tick) * i.tick
        return floor_to(last * (ONE - self.slippage) // ONE, i.tick)

    def visible(self, order):
        """The order arrives: returns ('rejected', reason), ('resting',) or ('taken', price)."""
        i, take = order.instrument, self.price_to_take(order)
        if i.broken_rule(order, order.price if order.type == "limit" else take):
            return "rejected", "VENUE_RULE"
        if take is None and order.type == "market":
            return "rejected", "NO_LIQUIDITY"
        takes = order.type == "market" or (take is not None and (
            take <= order.price if order.side == "buy" else take >= order.price))
        if takes and order.post_only:
            return "rejected", "WOULD_TAKE"
        if order.side == "sell":
            asset, need = i.base, order.qty
        else:
            asset, need = i.quote, mul_up(order.price if order.type == "limit" else take, order.qty)
        if self.free(asset) < need:
            return "rejected", "NOT_ENOUGH_FUNDS"
        if takes:
            return "taken", take
        self.resting.append(order)
        return ("resting",)

    def match(self, instrument, price, quantity):
        """One print: [(order, quantity)] of those it fills, in their order; their open quantity is already less."""
        reached = []
        for arrival, o in enumerate(self.resting):
            if o.instrument is not instrument:
                continue
            beyond = o.price - price if o.side == "buy" else price - o.price
            if beyond > 0 or (beyond == 0 and self.model != "cross"):
                reached.append((o.side != "buy", -o.price if o.side == "buy" else o.price, arrival, o))
        out = []
        for _, _, _, o in sorted(reached, key=lambda r: r[:3]):
            if quantity == 0:
                break
            part = min(o.open, quantity)
            quantity -= part
            o.open -= part
            out.append((o, part))
        self.resting = [o for o in self.resting if o.open]
        return out

    def fee(self, order, price, qty, maker, valued):
        """(amount, asset) of the fee of one fill; `valued(amount, asset, in_asset)` rounds up, None without a price."""
        i, rate = order.instrument, self.maker if maker else self.taker
        amount = mul_up(price, qty) if order.side == "buy" else mul_down(price, qty)
        if self.fee_asset and self.fee_asset not in (i.base, i.quote) and rate:
            there = valued(mul_up(amount, rate), i.quote, self.fee_asset)
            if there is not None:
                fee = ceil_to(there, 10 ** 10)
                if fee <= self.free(self.fee_asset):
                    return fee, self.fee_asset
        if order.side == "buy":
            return min(ceil_to(mul_up(qty, rate), i.base_unit), qty), i.base
        return min(ceil_to(mul_up(amount, rate), i.quote_unit), amount), i.quote
