"""grid, dca and momentum ("core form" in docs/definitions.md)."""
from units import ONE, SECOND, duration, floor_to, mul_up, parse


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

    def market(self, agent):
        """A market event was applied."""

    def timer(self, agent, what):
        """A timer that this strategy set is due."""

    def ended(self, agent, order):
        """An order was denied, rejected, expired, or filled to the end: order.state tells."""

    def filled(self, agent, order, qty, fee, fee_asset):
        """A fill of one of our orders; `ended` follows if it was the last."""


class Slot:
    def __init__(self, low, high):
        self.low, self.high = low, high
        self.holds, self.order, self.bought, self.until = 0, None, 0, None


class Grid(Strategy):
    def __init__(self, table, instrument):
        super().__init__(table, instrument)
        lower, upper, n = parse(table["lower"]), parse(table["upper"]), table["levels"]
        self.size, self.post_only = parse(table["size"]), table.get("post_only", True)
        levels = [floor_to(lower + k * (upper - lower) // (n - 1), instrument.tick) for k in range(n)]
        self.slots = [Slot(a, b) for a, b in zip(levels, levels[1:])]
        self.started = False

    def market(self, agent):
        mark = self.instrument.last
        if not self.started:
            self.started = True
            free = self.free(self.instrument.base)
            for slot in self.slots:
                if slot.low >= mark and free >= self.size:
                    slot.holds = self.size
                    free -= self.size
        self.place(agent)

    def place(self, agent):
        """All that is wanted now, as the state is now; then the agent judges one after the other."""
        mark, wanted = self.instrument.last, []
        idle = [slot for slot in self.slots if not slot.order and slot.until is None]
        for slot in reversed(idle):
            if not slot.holds:
                if not agent.allowed(self, "buy", self.size):
                    self.wait(agent, slot, 60)
                elif slot.low < mark:
                    wanted.append((slot, "buy", slot.low, self.size))
        for slot in idle:
            if slot.holds:
                qty = floor_to(slot.holds, self.instrument.lot)
                if agent.allowed(self, "sell", qty):
                    wanted.append((slot, "sell", slot.high, qty))
                else:
                    self.wait(agent, slot, 60)
        for slot, side, price, qty in wanted:
            slot.order = agent.new_order(self, side, "limit", price, qty, self.post_only)
            slot.order.slot, slot.bought = slot, 0
        for slot, _, _, _ in wanted:
            agent.submit(slot.order)

    def wait(self, agent, slot, seconds):
        slot.until = agent.now + seconds * SECOND
        agent.set_timer(slot.until, self, slot)

    def release(self, agent):
        for slot in self.slots:
            if slot.until is not None and slot.until <= agent.now:
                slot.until = None
        self.place(agent)

    def timer(self, agent, slot):
        self.release(agent)

    def filled(self, agent, order, qty, fee, fee_asset):
        if order.side == "buy":
            order.slot.bought += qty - (fee if fee_asset == self.instrument.base else 0)

    def ended(self, agent, order):
        slot = order.slot
        slot.order = None
        if order.side == "buy":
            slot.holds = slot.bought if slot.bought >= self.instrument.lot else 0
        elif order.state == "filled":
            slot.holds = 0
        else:
            slot.holds -= order.qty - order.left
        if order.state != "filled":
            self.wait(agent, slot, 1 if order.reason == "WOULD_TAKE" else 60)
        self.release(agent)


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
        if self.total is not None and self.spent + self.amount > self.total:
            return
        qty = floor_to(self.amount * ONE // price, self.instrument.lot)
        if qty:
            agent.submit(agent.new_order(self, "buy", "market", None, qty, False))

    def filled(self, agent, order, qty, fee, fee_asset):
        self.spent += mul_up(order.paid, qty)


KINDS = {"grid": Grid, "dca": Dca}
