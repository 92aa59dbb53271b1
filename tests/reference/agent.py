"""The agent's side: time, risk, sub-ledgers, positions, equity, trading states; and the run over prints."""
import heapq
from units import DAY, MINUTE, ONE, SECOND, ceil_to, div_down, div_up, mul_down, mul_up, show, stamp
from venue import Order

ACTIVE, REDUCING, HALTED = 0, 1, 2


class Watch:
    """Daily loss and drawdown of the agent or of one strategy, latched."""

    def __init__(self, daily_loss, drawdown, day_start):
        self.daily_loss, self.drawdown, self.day_start = daily_loss, drawdown, day_start
        self.day, self.day_equity, self.high, self.state, self.halted = None, None, None, ACTIVE, False

    def sample(self, at, equity):
        day = (at - self.day_start) // DAY
        if day != self.day:
            self.day, self.day_equity = day, equity
        self.look(equity)

    def look(self, equity):
        if self.day is None or equity is None:
            return
        self.high = equity if self.high is None else max(self.high, equity)
        if self.daily_loss is not None and self.day_equity - equity >= self.daily_loss:
            self.state = max(self.state, REDUCING)
        if self.drawdown is not None and self.high > 0 and (self.high - equity) * ONE >= self.drawdown * self.high:
            self.state = HALTED


class Series:
    def __init__(self):
        self.samples = []

    def add(self, at, equity):
        self.samples.append((at, equity))


class Agent:
    def __init__(self, quote, seed_day_start, limits, venue, instruments, strategies):
        self.quote, self.limits, self.venue = quote, limits, venue
        self.instruments, self.strategies = instruments, strategies
        self.now, self.minute, self.second = None, None, None
        self.timers, self.requests, self.sequence = [], [], 0
        self.sent, self.fills, self.events = [], [], 0
        self.series, self.watch = Series(), Watch(limits["daily_loss"], limits["max_drawdown"], seed_day_start)
        self.trace, self.paths = None, {}
        left = dict(venue.balances)
        for s in strategies:
            s.ledger = {s.instrument.quote: s.budget, s.instrument.base: s.inventory}
            for asset, amount in s.ledger.items():
                left[asset] = left.get(asset, 0) - amount
                assert left[asset] >= 0, "budget beyond the opening balances"
            own = s.table.get("risk", {})
            s.series = Series()
            s.watch = Watch(own.get("daily_loss"), own.get("max_drawdown"), seed_day_start)
        self.unowned = left

    # Values ------------------------------------------------------------------------------------------------------

    def convert(self, amount, asset, to, mul, div):
        """amount of asset in `to`, through at most two instruments, each step rounded as told; None: no price."""
        if asset == to:
            return amount
        path = self.path(asset, to)
        for i in path or ():
            if amount is not None:
                amount, asset = self.step(amount, asset, i, mul, div), self.other(asset, i)
        return amount if path else None

    def path(self, asset, to):
        """One instrument, or else the first two, that lead there, whether they have a mark or not."""
        if (asset, to) not in self.paths:
            one = [(i,) for i in self.instruments if self.other(asset, i) == to]
            two = [(i, j) for i in self.instruments for j in self.instruments
                   if self.other(asset, i) and self.other(self.other(asset, i), j) == to]
            self.paths[asset, to] = (one + two + [None])[0]
        return self.paths[asset, to]

    @staticmethod
    def other(asset, i):
        return i.quote if asset == i.base else i.base if asset == i.quote else None

    @staticmethod
    def step(amount, asset, i, mul, div):
        if i.last is None or asset not in (i.base, i.quote):
            return None
        return mul(amount, i.last) if asset == i.base else div(amount, i.last)

    def value_up(self, amount, asset, to):
        """Towards `to` through the agent's quote, each step rounded up."""
        there = self.convert(amount, asset, self.quote, mul_up, div_up)
        return None if there is None else self.convert(there, self.quote, to, mul_up, div_up)

    def equity_of(self, balances):
        total = 0
        for asset, amount in balances.items():
            if amount:
                value = self.convert(amount, asset, self.quote, mul_down, div_down)
                if value is None:
                    return None
                total += value
        return total

    # The equity series -------------------------------------------------------------------------------------------

    def sample(self, at, only=None):
        """`only`: whose fill it is that this sample follows; the other strategies' series do not see it."""
        total = self.equity_of(self.venue.balances)
        if total is None:
            return
        self.series.add(at, total)
        self.watch.sample(at, total)
        for s in self.strategies:
            equity = self.equity_of(s.ledger) if only in (None, s) else None
            if equity is not None:
                s.series.add(at, equity)
                s.watch.sample(at, equity)
        self.halt()

    def halt(self):
        """What becomes HALTED cancels its open orders, once."""
        for watch, strategies in [(self.watch, self.strategies)] + [(s.watch, [s]) for s in self.strategies]:
            if watch.state == HALTED and not watch.halted:
                watch.halted = True
                for s in strategies:
                    for o in s.orders:
                        if not o.cancelling:
                            o.cancelling = True
                            self.request(s, o, True)

    def cancel(self, o):
        """A strategy asks for the end of one of its orders."""
        if not o.cancelling:
            o.cancelling = True
            self.request(o.strategy, o, True)

    def request(self, s, o, cancel):
        self.sent.append((self.now, s))
        self.sequence += 1
        heapq.heappush(self.requests, (self.now + self.venue.latency, self.sequence, o, cancel))

    def look(self):
        if self.series.samples:
            self.watch.look(self.equity_of(self.venue.balances))
            for s in self.strategies:
                equity = self.equity_of(s.ledger)
                if equity is not None:
                    s.watch.look(equity)
            self.halt()

    def begin(self, at):
        """An event (print, timer, answer) at time `at` arrives: what is due before it is applied."""
        self.now = at
        if not self.series.samples:
            return
        if at // MINUTE != self.minute:
            self.minute = at // MINUTE
            self.sample(self.minute * MINUTE)

    # Requests ----------------------------------------------------------------------------------------------------

    def set_timer(self, at, strategy, what):
        self.sequence += 1
        heapq.heappush(self.timers, (at, self.strategies.index(strategy), self.sequence, strategy, what))

    def allowed(self, s, side, qty):
        """Whether the trading states allow such an order at all."""
        state = max(self.watch.state, s.watch.state)
        if state == REDUCING and side == "sell":
            return qty + self.open_qty(s, s.instrument, "sell") <= s.position
        return state == ACTIVE

    @staticmethod
    def new_order(s, side, type_, price, qty, post_only):
        s.numbers += 1
        return Order(s.numbers, s, s.instrument, side, type_, price, qty, post_only)

    @staticmethod
    def open_qty(s, i, side):
        return sum(o.left for o in s.orders if o.side == side and o.instrument is i)

    def denial(self, o):
        s, i, l = o.strategy, o.instrument, self.limits
        self.look()
        if not self.allowed(s, o.side, o.qty):
            return "STATE"
        reference = i.last
        if self.equity_of(self.venue.balances) is None:
            return "NO_MARK"
        own = s.table.get("risk", {})
        if ("daily_loss" in own or "max_drawdown" in own) and self.equity_of(s.ledger) is None:
            return "NO_MARK"
        if i.broken_rule(o, o.price or reference):
            return "VENUE_RULE"

        def in_quote(amount):
            return self.convert(amount, i.quote, self.quote, mul_up, div_up)

        collar = min(l["price_collar"], own.get("price_collar", l["price_collar"]))
        if o.type == "limit":
            if o.side == "buy" and o.price * ONE > reference * (ONE + collar):
                return "COLLAR"
            if o.side == "sell" and o.price * ONE < reference * (ONE - collar):
                return "COLLAR"
            value = in_quote(mul_up(max(o.price, reference), o.qty))
        else:
            value = in_quote(self.reserve(o, reference, collar))
        if value is None:
            return "NO_MARK"
        exits = o.side == "sell" and o.qty + self.open_qty(s, i, "sell") <= s.position
        for which, group in ((l, self.strategies), (own, [s])):
            if not exits and value > which.get("max_order_value", value):
                return "ORDER_VALUE"
            if o.qty > which.get("max_order_qty", o.qty):
                return "ORDER_QTY"
            if o.side == "buy":
                held = o.qty + sum(x.position + self.open_qty(x, i, "buy") for x in group if x.instrument is i)
                value_held = in_quote(mul_up(held, reference))
                if value_held > which.get("max_position_value", value_held):
                    return "POSITION_VALUE"
            gross = 0
            for j in self.instruments:
                if not exits and "max_gross_exposure" in which and j.last is None and any(
                        x.inventory for x in group if x.instrument is j):
                    return "NO_MARK"
                position = sum(x.position for x in group if x.instrument is j)
                buys = sum(self.open_qty(x, j, "buy") for x in group) + (o.qty if j is i and o.side == "buy" else 0)
                sells = sum(self.open_qty(x, j, "sell") for x in group) + (o.qty if j is i and o.side == "sell" else 0)
                worst = max(abs(position + buys), abs(position - sells))
                if worst:
                    part = self.convert(mul_up(worst, j.last), j.quote, self.quote, mul_up, div_up)
                    if part is None and not exits and "max_gross_exposure" in which:
                        return "NO_MARK"
                    gross += part or 0
            if not exits and gross > which.get("max_gross_exposure", gross):
                return "GROSS_EXPOSURE"
            if sum(len(x.orders) for x in group) >= which.get("max_open_orders", 10 ** 9):
                return "OPEN_ORDERS"
        if o.side == "sell":
            o.reserved, asset = o.qty, i.base
        elif o.type == "limit":
            o.reserved, asset = mul_up(o.price, o.qty), i.quote
        else:
            o.reserved, asset = self.reserve(o, reference, collar), i.quote
        if s.free(asset) < o.reserved:
            return "FUNDS"
        for which, group in ((l, self.strategies), (own, [s])):
            recent = sum(1 for at, x in self.sent if at > self.now - l["message_interval"] and x in group)
            if "max_messages" in which and recent >= which["max_messages"] - l["cancel_reserve"]:
                return "MESSAGES"
        return None

    def reserve(self, o, reference, collar):
        """What a market order may come to cost."""
        worst = mul_up(reference, ONE + max(collar, self.venue.slippage))
        return mul_up(o.qty, ceil_to(worst, o.instrument.tick))

    def submit(self, o):
        s = o.strategy
        o.reason = self.denial(o)
        if self.trace:
            self.trace(stamp(self.now), s.name, o.number, o.side, o.type, o.price and show(o.price), show(o.qty),
                       o.reason)
        if o.reason:
            o.state, o.reserved = "denied", 0
            s.seen["denied"] += 1
            s.ended(self, o)
            return
        s.orders.append(o)
        s.seen["orders"] += 1
        while self.sent and self.sent[0][0] <= self.now - self.limits["message_interval"]:
            self.sent.pop(0)
        self.request(s, o, False)

    # The venue's answers -----------------------------------------------------------------------------------------

    def end(self, o, state, reason=None):
        o.state, o.reason, o.reserved = state, reason, 0
        o.strategy.orders.remove(o)
        if state in o.strategy.seen:
            o.strategy.seen[state] += 1
        o.strategy.ended(self, o)

    def arrive(self, o):
        answer = self.venue.visible(o)
        if answer[0] == "rejected":
            self.end(o, "rejected", answer[1])
            return
        o.strategy.accepted(self, o)
        if answer[0] == "taken":
            o.open = 0
            self.fill(o, answer[1], o.qty, False)

    def fill(self, o, price, qty, maker):
        s, i, venue = o.strategy, o.instrument, self.venue
        o.left -= qty
        fee, fee_asset = venue.fee(o, price, qty, maker, self.value_up)
        cost, proceeds = mul_up(price, qty), mul_down(price, qty)
        buy = o.side == "buy"
        for ledger in (venue.balances, s.ledger):
            ledger[i.base] = ledger.get(i.base, 0) + (qty if buy else -qty)
            ledger[i.quote] = ledger.get(i.quote, 0) + (-cost if buy else proceeds)
        venue.balances[fee_asset] -= fee
        if fee_asset in (i.base, i.quote):
            s.ledger[fee_asset] -= fee
            third = 0
        else:
            self.unowned[fee_asset] -= fee
            third = self.value_up(fee, fee_asset, i.quote)
        realized = 0
        if buy:
            s.position += qty - (fee if fee_asset == i.base else 0)
            s.cost += cost + third
        else:
            part = s.cost if qty >= s.position else -(-s.cost * qty // s.position)
            realized = proceeds - (fee if fee_asset == i.quote else third) - part
            s.cost -= part
            s.position = max(0, s.position - qty)
            s.realized += realized
        o.paid = price
        o.reserved = (mul_up(o.price, o.left) if buy else o.left) if o.left else 0
        s.seen["fills"] += 1
        s.volume += self.convert(proceeds, i.quote, self.quote, mul_down, div_down)
        s.fees += self.convert(fee, fee_asset, self.quote, mul_down, div_down) or 0  # without a price: not counted
        self.fills.append((stamp(self.now), venue.name, i.symbol, s.name, o.number, o.side, "maker" if maker else
                           "taker", price, qty, fee, fee_asset, realized))
        self.sample(self.now, s)
        s.filled(self, o, qty, fee, fee_asset)
        if o.left == 0:
            self.end(o, "filled")

    # Time --------------------------------------------------------------------------------------------------------

    def pass_time(self, until, timers=True):
        """Timers and requests due strictly before `until` (None: all requests), a timer first at equal times."""
        while True:
            while self.timers and not self.timers[0][3].expects(self.timers[0][0], self.timers[0][4]):
                heapq.heappop(self.timers)
            timer = self.timers[0][0] if self.timers else None
            request = self.requests[0][0] if self.requests else None
            due = min((x for x in (timer, request) if x is not None), default=None)
            if due is None or due >= until:
                return
            self.begin(due)
            if timer == due:
                _, _, _, s, what = heapq.heappop(self.timers)
                s.timer(self, what)
            else:
                _, _, o, cancel = heapq.heappop(self.requests)
                if not cancel:
                    self.arrive(o)
                elif o in self.venue.resting:
                    self.venue.resting.remove(o)
                    self.end(o, "canceled")

    def run(self, prints):
        if any(model for _, _, _, _, model in prints):
            self.venue.model = "touch"  # one file of bars among them decides for the venue
        by_symbol = {i.symbol: i for i in self.instruments}
        for at, symbol, price, quantity, _ in prints:
            i = by_symbol[symbol]
            self.pass_time(at)
            self.begin(at)
            self.events += 1
            for s in self.strategies:
                s.before(self)
            first = i.last is None
            i.last = price
            if first:
                for s in self.strategies:
                    if s.instrument is i and s.inventory:
                        s.position, s.cost = s.inventory, mul_up(s.inventory, price)
            if not self.series.samples:
                self.minute = at // MINUTE
                self.sample(at)
            if at // SECOND != self.second:
                self.second = at // SECOND
                self.look()
            for s in self.strategies:
                if s.instrument is i:
                    s.market(self)
            for o, part in self.venue.match(i, price, quantity):
                self.fill(o, o.price, part, True)
        self.pass_time(max([self.now] + [r[0] for r in self.requests]) + 1)
        self.sample(self.now)
