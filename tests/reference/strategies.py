"""grid and dca, as docs/definitions.md has them; momentum is in momentum.py."""
from units import ONE, SECOND, ceil_to, duration, floor_to, mul_up, parse


class Strategy:
    """What the agent knows of every strategy; the kinds below decide."""

    def __init__(self, table, instrument):
        self.name, self.kind, self.instrument, self.table = table["name"], table["kind"], instrument, table
        self.budget, self.inventory = parse(table.get("budget", "0")), parse(table.get("inventory", "0"))
        self.ledger = {}
        self.booked, self.position, self.cost, self.realized = False, 0, 0, 0
        self.orders, self.seen = [], {"orders": 0, "denied": 0, "rejected": 0, "canceled": 0, "fills": 0}
        self.volume, self.fees, self.numbers = 0, 0, 0

    def free(self, asset):
        return self.ledger.get(asset, 0) - sum(
            o.reserved for o in self.orders if asset == (o.instrument.quote if o.side == "buy" else o.instrument.base))

    def before(self, agent):
        """An event arrives, and is not applied yet."""

    def market(self, agent):
        """A market event was applied."""

    def timer(self, agent, what):
        """A timer that this strategy set is due."""

    def ended(self, agent, order):
        """An order was denied, rejected, expired, or filled to the end: order.state tells."""

    def expects(self, at, what):
        """Whether a timer that was set still matters."""
        return True

    def accepted(self, agent, order):
        """The venue took an order."""

    def filled(self, agent, order, qty, fee, fee_asset):
        """A fill of one of our orders; `ended` follows if it was the last."""


class Slot:
    def __init__(self, low, high, size):
        self.low, self.high, self.size = low, high, size
        self.held, self.bought = 0, 0
        self.orders = {"buy": [], "sell": []}
        self.until = {"buy": None, "sell": None}
        self.refused, self.took = {"buy": 0, "sell": 0}, {"buy": 0, "sell": 0}

    def open(self, side):
        return sum(o.left for o in self.orders[side])

    def has_place(self, side):
        other = "sell" if side == "buy" else "buy"
        n = len(self.orders[side])
        return n == 0 or (n == 1 and not self.orders[other])

    @staticmethod
    def worth(i, qty, price):
        return qty >= max(i.lot, i.limits["min_qty"]) and qty * price // ONE >= i.limits["min_notional"]

    def sellable(self, i):
        qty = floor_to(max(0, self.held - self.open("sell")), i.lot)
        return qty if self.has_place("sell") and self.worth(i, qty, self.high) else 0

    def wanted(self, i):
        qty = floor_to(max(0, self.size - self.bought - self.open("buy")), i.lot)
        if not self.has_place("buy"):
            return 0
        if self.worth(i, qty, self.low):
            return qty
        if not self.orders["buy"] and not self.orders["sell"] and not self.sellable(i):
            least = ceil_to(max(-(-i.limits["min_notional"] * ONE // self.low), i.limits["min_qty"], i.lot), i.lot)
            return least if least <= self.size else 0
        return 0


class Grid(Strategy):
    FORM = ("VENUE_RULE",)
    KNOWN = ("lower", "upper", "levels", "step", "spacing", "size", "amount", "investment", "post_only", "max_open",
             "reprice", "cooldown", "min_profit", "name", "kind", "budget", "inventory", "instrument", "risk")

    def __init__(self, table, instrument):
        super().__init__(table, instrument)
        assert not set(table) - set(self.KNOWN), "the reference does not know these parameters"
        levels = self.levels(table, instrument.tick)
        self.post_only, self.reprice = table.get("post_only", True), table.get("reprice", True)
        self.window, self.cooldown = table.get("max_open", 10 ** 9), duration(table.get("cooldown", "0s"))
        lot = instrument.lot
        if "size" in table:
            sizes = [parse(table["size"])] * (len(levels) - 1)
        elif "amount" in table:
            sizes = [floor_to(parse(table["amount"]) * ONE // p, lot) for p in levels[:-1]]
        else:
            sizes = [floor_to(parse(table["investment"]) * ONE // sum(levels[:-1]), lot)] * (len(levels) - 1)
        self.slots = [Slot(a, b, s) for a, b, s in zip(levels, levels[1:], sizes)]
        self.started = False

    @staticmethod
    def levels(table, tick):
        lower, upper = parse(table["lower"]), parse(table["upper"])
        geometric = table.get("spacing") == "geometric"
        if "step" in table:
            step, out, k = parse(table["step"]), [], 0
            while True:
                top, bottom = (lower * (ONE + step) ** k, ONE ** k) if geometric else (lower + k * step, 1)
                if top > upper * bottom:
                    return out
                out.append(floor_to(top // bottom, tick))
                k += 1
        n = table["levels"]
        if not geometric:
            return [floor_to(lower + k * (upper - lower) // (n - 1), tick) for k in range(n)]
        return [floor_to(root(lower ** (n - 1 - k) * upper ** k, n - 1), tick) for k in range(n)]

    def market(self, agent):
        mark = self.instrument.last
        if not self.started:
            self.started = True
            free = self.free(self.instrument.base)
            for slot in self.slots:
                if slot.low >= mark and free >= slot.size:
                    slot.held = slot.bought = slot.size
                    free -= slot.size
        self.place(agent)

    def price(self, slot, side):
        tick, mark, n = self.instrument.tick, self.instrument.last, slot.took[side] if self.reprice else 0
        if side == "buy":
            return min(slot.low, floor_to(mark, tick) - n * tick) if n else slot.low
        return max(slot.high, ceil_to(mark, tick) + n * tick) if n else slot.high

    def ready(self, slot, side):
        """What may be placed now but for its price and the state."""
        if slot.until[side] is not None:
            return 0
        if side == "sell" and self.post_only and not self.reprice and slot.high <= self.instrument.last:
            return 0
        return slot.wanted(self.instrument) if side == "buy" else slot.sellable(self.instrument)

    def place(self, agent):
        """All that is wanted now, as the state is now; then the agent judges one after the other."""
        sells = [(s, "sell", self.price(s, "sell"), self.ready(s, "sell")) for s in self.slots if self.ready(s, "sell")]
        for order in list(sells):
            if not agent.allowed(self, "sell", order[3]):
                self.wait(agent, order[0], "sell", 60 * SECOND)
                sells.remove(order)
        lowest = min([o.price for s in self.slots for o in s.orders["sell"]] + [o[2] for o in sells], default=None)
        highest = max([o.price for s in self.slots for o in s.orders["buy"]], default=0)
        buys = []
        for s in self.slots:
            qty = self.ready(s, "buy")
            if qty and not agent.allowed(self, "buy", qty):
                self.wait(agent, s, "buy", 60 * SECOND)
            elif qty and s.low < self.instrument.last:
                price = self.price(s, "buy")
                if price > 0 and (lowest is None or price < lowest):
                    if s.worth(self.instrument, qty, price):
                        buys.append((s, "buy", price, qty))
                    else:
                        self.wait(agent, s, "buy", 60 * SECOND)
        buys = self.windowed(agent, "buy", buys, self.slots[::-1])
        highest = max([highest] + [b[2] for b in buys if b[3]])
        sells = self.windowed(agent, "sell", [s for s in sells if s[2] > highest], self.slots)
        actions = []
        for slot, side, price, qty in buys + sells:
            if qty is None:  # not an order to place, but one to cancel
                actions.append((agent.cancel, slot))
                continue
            order = agent.new_order(self, side, "limit", price, qty, self.post_only)
            order.slot = slot
            slot.orders[side].append(order)
            actions.append((agent.submit, order))
        for act, order in actions:
            act(order)

    def windowed(self, agent, side, wanted, outwards):
        """Those of `wanted` that the window of open orders has room for, and, as (order, side, None, None), what is open
        outside of it and to be cancelled; all from the nearest slot outwards."""
        out, rank, taken = [], 0, sum(len(s.orders[side]) for s in self.slots)
        money = self.free(self.instrument.quote)
        room = self.given_back(outwards) if side == "buy" else 0
        for slot in outwards:
            for order in slot.orders[side]:
                if not order.cancelling:
                    rank += 1
                    if rank > self.window:
                        order.own_cancel = True
                        out.append((order, side, None, None))
            for w in wanted:
                if w[0] is slot:
                    if rank >= self.window:
                        continue
                    cost = mul_up(w[2], w[3]) if side == "buy" else 0
                    if cost > money + (room if taken >= self.window else 0):
                        self.wait(agent, slot, side, 60 * SECOND)
                        continue
                    rank += 1
                    if taken >= self.window:
                        continue
                    money -= cost
                    taken += 1
                    out.append(w)
        return out

    @staticmethod
    def given_back(outwards):
        """What the buys bind whose cancel is under way, and the furthest of the others."""
        orders = [o for s in outwards for o in s.orders["buy"]]
        staying = [o for o in orders if not o.cancelling][-1:]
        return sum(mul_up(o.price, o.left) for o in [o for o in orders if o.cancelling] + staying)

    def wait(self, agent, slot, side, time):
        slot.until[side] = agent.now + time
        agent.set_timer(slot.until[side], self, (slot, side))

    def expects(self, at, what):
        slot, side = what
        return slot.until[side] == at

    def release(self, agent):
        for slot in self.slots:
            for side, until in slot.until.items():
                if until is not None and until <= agent.now:
                    slot.until[side] = None
        self.place(agent)

    def timer(self, agent, what):
        self.release(agent)

    def accepted(self, agent, order):
        order.slot.refused[order.side] = order.slot.took[order.side] = 0

    def filled(self, agent, order, qty, fee, fee_asset):
        slot = order.slot
        if order.side == "buy":
            slot.held += qty - (fee if fee_asset == self.instrument.base else 0)
            slot.bought += qty
        else:
            slot.held -= qty
            slot.bought = max(0, slot.bought - qty)
        slot.refused[order.side] = slot.took[order.side] = 0
        if order.left:
            self.release(agent)

    def ended(self, agent, order):
        slot, side = order.slot, order.side
        slot.orders[side].remove(order)
        if order.state == "filled":
            other = "sell" if side == "buy" else "buy"
            if self.cooldown and (slot.until[other] or 0) < agent.now + self.cooldown:
                self.wait(agent, slot, other, self.cooldown)
            if side == "sell" and not slot.orders["sell"] and slot.held < self.instrument.lot:
                slot.bought = 0
        elif order.reason == "WOULD_TAKE":
            slot.took[side] = min(10, slot.took[side] + 1)
            self.wait(agent, slot, side, SECOND)
        elif order.state == "rejected" or order.reason in self.FORM:
            self.wait(agent, slot, side, (60, 300, 1800)[slot.refused[side]] * SECOND)
            slot.refused[side] = min(2, slot.refused[side] + 1)
        elif not getattr(order, "own_cancel", False):
            self.wait(agent, slot, side, 60 * SECOND)
        if order.state != "denied":
            self.release(agent)


def root(value, n):
    """Largest integer whose n-th power is at most value."""
    low, high = 0, 1 << (value.bit_length() // n + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle ** n <= value else (low, middle)
    return low


class Dca(Strategy):
    def __init__(self, table, instrument):
        super().__init__(table, instrument)
        self.interval, self.amount = duration(table["interval"]), parse(table["amount"])
        self.ceiling = parse(table["price_ceiling"]) if "price_ceiling" in table else None
        self.total = parse(table["total"]) if "total" in table else None
        self.started, self.spent = False, 0

    def market(self, agent):
        if not self.started:
            self.started = True
            self.purchase(agent)

    def timer(self, agent, what):
        self.purchase(agent)

    def purchase(self, agent):
        agent.set_timer(agent.now + self.interval, self, None)
        price = self.instrument.last
        if self.ceiling is not None and price > self.ceiling:
            return
        # An order under way may yet spend all of its amount.
        open_amounts = sum(max(self.amount - o.cost_so_far, 0) for o in self.orders)
        if self.total is not None and self.spent + open_amounts + self.amount > self.total:
            return
        qty, least = floor_to(self.amount * ONE // price, self.instrument.lot), self.instrument.limits
        if qty and qty >= least["min_qty"] and qty * price // ONE >= least["min_notional"]:
            order = agent.new_order(self, "buy", "market", None, qty, False)
            order.cost_so_far = 0
            agent.submit(order)

    def filled(self, agent, order, qty, fee, fee_asset):
        cost = mul_up(order.paid, qty)
        self.spent += cost
        order.cost_so_far += cost


KINDS = {"grid": Grid, "dca": Dca}
