"""momentum with market orders and the crossing of two averages ("momentum" in docs/definitions.md)."""
from agent import ACTIVE, HALTED
from strategies import KINDS, Strategy
from units import MINUTE, ONE, SECOND, div_up, duration, floor_to, mul_down, mul_up, parse

ENTRY_RESTS, EXIT_RESTS = (MINUTE, 5 * MINUTE, 30 * MINUTE), (SECOND, 5 * SECOND, 30 * SECOND, MINUTE)


class Momentum(Strategy):
    def __init__(self, table, instrument):
        super().__init__(table, instrument)
        ratio = lambda key: parse(table[key]) if key in table else None
        self.timeframe, self.amount = duration(table["timeframe"]), parse(table["amount"])
        self.fast_n, self.slow_n = table.get("fast", 12), table.get("slow", 26)
        self.signal = table.get("exit_signal", True)
        self.take, self.stop, self.trail = ratio("take_profit"), ratio("stop_loss"), ratio("trailing_stop")
        self.activation = ratio("trailing_activation") or 0
        self.limit = duration(table["time_limit"]) if "time_limit" in table else None
        self.returns = list(zip(map(duration, table.get("return_after", [])), map(parse, table.get("return_min", []))))
        self.cooldown = duration(table.get("cooldown", "0s"))
        self.fast = self.slow = None
        self.count, self.was_up, self.turned = 0, False, False
        self.end, self.close, self.wake = None, None, None
        self.stage, self.buy, self.sell, self.asked, self.again = "flat", None, None, None, 0
        self.parent, self.parent_left, self.parents = 0, 0, 0
        self.want, self.dust, self.peak, self.binding, self.shrunk = 0, 0, 0, ONE, False
        self.entered, self.next, self.idle, self.blocked = None, 0, 0, 0
        self.refusals = self.failures = 0

    # Candles -----------------------------------------------------------------------------------------------------

    def before(self, agent):
        """An event arrives: candles that end by its time close first."""
        while self.end is not None and self.end <= agent.now:
            opened, self.end = self.end - self.timeframe, self.end + self.timeframe
            agent.set_timer(self.end, self, "candle")
            self.candle(agent, opened)

    def candle(self, agent, opened):
        x = self.close / ONE
        if self.count == 0:
            self.fast = self.slow = x
        else:
            self.fast += 2.0 / (self.fast_n + 1.0) * (x - self.fast)
            self.slow += 2.0 / (self.slow_n + 1.0) * (x - self.slow)
        self.count += 1
        up = self.fast > self.slow
        turned, self.was_up = up and not self.was_up, up
        self.follow(agent)
        if self.count >= self.slow_n:
            if self.stage in ("holding", "entering") and self.signal and self.fast < self.slow:
                self.begin_exit(agent)
            elif turned and agent.now - opened < 2 * self.timeframe:
                self.begin_entry(agent)
        self.work(agent)

    def market(self, agent):
        if self.end is None:
            self.end = agent.now - agent.now % self.timeframe + self.timeframe
            agent.set_timer(self.end, self, "candle")
        self.close = self.instrument.last
        self.look(agent)

    def timer(self, agent, what):
        self.before(agent)
        if what == "wake":
            self.wake = None
            self.look(agent)

    def expects(self, at, what):
        return at == (self.end if what == "candle" else self.wake)

    # Exits -------------------------------------------------------------------------------------------------------

    def look(self, agent):
        self.follow(agent)
        if self.stage in ("entering", "holding") and self.entered is not None and self.due(agent):
            self.begin_exit(agent)
        self.work(agent)

    def due(self, agent):
        price, held = self.instrument.last, agent.now - self.entered
        if self.position <= 0:
            return False
        entry = div_up(self.cost, self.position)
        self.peak = max(self.peak, price)
        stops = [entry - mul_down(entry, self.stop)] if self.stop is not None else []
        if self.trail is not None and (not self.activation or self.peak >= entry + mul_up(entry, self.activation)):
            stops.append(self.peak - mul_down(self.peak, self.trail))
        goals = [self.take] if self.take is not None else []
        goals += [r for after, r in self.returns if held >= after][-1:]
        return (any(price <= s for s in stops) or
                any(price >= entry + (mul_up(entry, g) if g >= 0 else -mul_up(entry, -g)) for g in goals) or
                (self.limit is not None and held >= self.limit))

    def begin_exit(self, agent):
        self.stage, self.failures, self.next, self.want, self.parent = "exiting", 0, agent.now, 0, 0
        self.shrunk = False

    def begin_entry(self, agent):
        if (self.stage != "flat" or self.orders or self.state(agent) != ACTIVE or agent.now < self.idle or
                agent.now < self.blocked):
            return
        i = self.instrument
        qty = min(self.amount * ONE // i.last, self.affordable())
        if i.limits["max_qty"]:
            qty = min(qty, i.limits["max_qty"])
        self.want = self.orderable(qty)
        if self.want:
            self.stage, self.next, self.parent, self.shrunk = "entering", agent.now, 0, False

    # Quantities --------------------------------------------------------------------------------------------------

    def state(self, agent):
        return max(agent.watch.state, self.watch.state)

    def affordable(self):
        price = self.instrument.last
        return max(0, self.free(self.instrument.quote)) * ONE // (mul_up(price, self.binding) if self.binding > ONE
                                                                  else price)

    def orderable(self, qty):
        i = self.instrument
        lots = floor_to(qty, i.lot)
        bad = lots <= 0 or lots < i.limits["min_qty"] or mul_down(i.last, lots) < i.limits["min_notional"]
        return 0 if bad else lots

    # Orders ------------------------------------------------------------------------------------------------------

    def flat(self):
        self.stage, self.dust, self.want, self.peak = "flat", self.position, 0, 0
        self.parent, self.entered = 0, None

    def follow(self, agent):
        """What is held may say something else than the stage."""
        if self.stage == "exiting" or (self.stage == "entering" and (self.buy or self.want)):
            return
        more = self.position > self.dust
        holds = more and (self.stage == "holding" or bool(self.orderable(self.position)))
        if not holds and self.stage != "flat":
            self.flat()
        if holds and self.stage != "holding":
            self.stage, self.parent = "holding", 0
            self.entered = agent.now if self.entered is None else self.entered

    def send(self, agent, side, qty, whole):
        if not self.parent or whole > self.parent_left:
            self.numbers += 1  # a parent has a number of the same row
            self.parent, self.parent_left = self.numbers, whole
        o = agent.new_order(self, side, "market", None, qty, False)
        o.parent = self.parent
        setattr(self, side, o)
        agent.submit(o)

    def work(self, agent):
        if self.stage == "entering" and not self.buy:
            if self.state(agent) != ACTIVE:
                self.want = 0
            if self.want and agent.now >= self.next:
                qty = self.orderable(min(self.want, self.affordable()))
                if qty:
                    self.send(agent, "buy", qty, self.want)
                else:
                    self.want = 0
        elif self.stage == "exiting":
            self.work_exit(agent)
        self.follow(agent)
        self.set_wake(agent)

    def work_exit(self, agent):
        if self.buy:
            if agent.now >= self.again:
                self.asked, self.again = self.asked or agent.now, agent.now + SECOND
                agent.cancel(self.buy)
            if agent.now < self.asked + 5 * SECOND:
                return
        if self.sell:
            return
        whole = self.orderable(min(self.position, self.free(self.instrument.base)))
        if not whole:
            if not self.buy:
                self.flat()
                self.idle = agent.now + self.cooldown
            return
        if self.state(agent) != HALTED and agent.now >= self.next:
            most = self.instrument.limits["max_qty"]
            self.send(agent, "sell", floor_to(min(whole, most), self.instrument.lot) if most else whole, whole)

    def set_wake(self, agent):
        times = [self.again] if self.buy and self.asked else []
        times += [self.next] if self.stage in ("entering", "exiting") else []
        times += [self.entered + self.limit] if self.stage == "holding" and self.limit is not None else []
        at = min((t for t in times if t > agent.now), default=None)
        if at != self.wake:
            self.wake = at
            if at is not None:
                agent.set_timer(at, self, "wake")

    def filled(self, agent, order, qty, fee, fee_asset):
        ours = order.parent == self.parent
        self.parent_left -= qty if ours else 0
        self.shrunk = False
        if order.side == "sell":
            self.failures = 0
            return
        self.refusals = 0
        if ours or order is self.buy:
            self.want = max(0, self.want - qty)
        self.entered = agent.now if self.entered is None else self.entered
        self.peak = max(self.peak, order.paid)

    def ended(self, agent, order):
        if order is self.buy:
            self.buy, self.asked, self.again = None, None, 0
            if self.stage == "entering":
                self.buy_ended(agent, order)
        elif order is self.sell:
            self.sell, self.next = None, agent.now
            if order.state in ("denied", "rejected"):
                self.next += EXIT_RESTS[min(self.failures, 3)]
                self.failures += 1
            elif order.state != "filled":
                self.next += SECOND
        self.follow(agent)
        self.work(agent)

    def buy_ended(self, agent, order):
        self.want = 0
        if order.state not in ("denied", "rejected"):
            return
        less = 0
        if order.reason == "FUNDS":
            own = self.table.get("risk", {}).get("price_collar", agent.limits["price_collar"])
            value = agent.reserve(order, self.instrument.last, min(agent.limits["price_collar"], own))
            there = self.free(self.instrument.quote)
            less = floor_to(order.qty * there // value, self.instrument.lot) if 0 < there < value else 0
            if less:
                self.binding = div_up(value, mul_down(self.instrument.last, order.qty))
        if less and not self.shrunk:
            self.shrunk, self.want = True, less
            return
        self.blocked = agent.now + ENTRY_RESTS[min(self.refusals, 2)]
        self.refusals += 1


KINDS["momentum"] = Momentum
