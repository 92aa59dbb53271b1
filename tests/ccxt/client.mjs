// What an independent client does with the exchange in a box: ccxt as it is, with other URLs.
// usage: node client.mjs PORT APIKEY SECRET        (NODE_EXTRA_CA_CERTS: its certificate authority)
// Prints one line of JSON a step: {"step":..., "ok":true|false, ...}
import ccxt from 'ccxt';

const [port, apiKey, secret] = process.argv.slice(2);
const host = `localhost:${port}`;
const symbol = 'BTC/USDT';

function moved(urls) {
    if (typeof urls === 'string')
        return urls.replace(/^(https|wss):\/\/[^/]+/, (_, scheme) => `${scheme}://${host}`);
    return Object.fromEntries(Object.entries(urls).map(([key, value]) => [key, moved(value)]));
}

const exchange = new ccxt.pro.binance({ apiKey, secret, options: { fetchMarkets: { types: ['spot'] } } });
exchange.urls.api = moved(exchange.urls.api);

function say(step, ok, more = {}) {
    console.log(JSON.stringify({ step, ok: Boolean(ok), ...more }));
}

async function step(name, work) {
    try {
        const [ok, more] = await work();
        say(name, ok, more);
        return more;
    } catch (e) {
        say(name, false, { error: `${e.constructor.name}: ${e.message}` });
        return {};
    }
}

await step('fetchMarkets', async () => {
    const markets = await exchange.fetchMarkets();
    return [markets.some((m) => m.symbol === symbol && m.spot), { symbols: markets.map((m) => m.symbol) }];
});
await step('loadMarkets', async () => [symbol in await exchange.loadMarkets(), {}]);
const { last, bid, ask } = await step('fetchTicker', async () => {
    const t = await exchange.fetchTicker(symbol);
    return [t.last > 0 && t.bid > 0 && t.ask > t.bid, { last: t.last, bid: t.bid, ask: t.ask }];
});
await step('fetchBalance', async () => {
    const b = await exchange.fetchBalance();
    return [b.USDT.free > 0 && b.BTC.total > 0, { usdt: b.USDT, btc: b.BTC }];
});
await step('watchOrderBook', async () => {
    const b = await exchange.watchOrderBook(symbol);
    return [b.bids[0][0] > 0 && b.asks[0][0] > b.bids[0][0], {}];
});
await step('watchTrades', async () => {
    const t = await exchange.watchTrades(symbol);
    return [t.length > 0 && t[0].price > 0, {}];
});

// Orders are heard of by the stream before they are asked for.
const heard = [];
let listening = true;
const listener = (async () => {
    while (listening)
        for (const o of await exchange.watchOrders(symbol))
            heard.push({ id: o.id, status: o.status, filled: o.filled });
})().catch((e) => { if (listening) say('listener', false, { error: e.message }); });
async function hears(id, status) {
    for (let i = 0; i < 300; i++) {
        if (heard.some((o) => o.id === id && o.status === status))
            return true;
        await new Promise((done) => setTimeout(done, 100));
    }
    return false;
}
// The subscription is there when the server counts it; the first order may come before.
for (let i = 0; i < 100 && !Object.keys(exchange.clients).some((url) => url.includes('ws-api')); i++)
    await new Promise((done) => setTimeout(done, 100));
await new Promise((done) => setTimeout(done, 500));

const limit = await step('createOrder_limit', async () => {
    const o = await exchange.createOrder(symbol, 'limit', 'buy', 0.01, bid * 0.9);
    return [o.status === 'open' && o.filled === 0, { id: o.id, clientOrderId: o.clientOrderId }];
});
await step('fetchOrder', async () => {
    const o = await exchange.fetchOrder(limit.id, symbol);
    return [o.status === 'open' && o.clientOrderId === limit.clientOrderId, {}];
});
await step('fetchOpenOrders', async () => {
    const list = await exchange.fetchOpenOrders(symbol);
    return [list.length === 1 && list[0].id === limit.id, {}];
});
await step('cancelOrder', async () => {
    const o = await exchange.cancelOrder(limit.id, symbol);
    return [o.status === 'canceled', {}];
});
await step('fetchOpenOrders_after', async () => [(await exchange.fetchOpenOrders(symbol)).length === 0, {}]);
const market = await step('createOrder_market', async () => {
    const o = await exchange.createOrder(symbol, 'market', 'buy', 0.02);
    return [o.status === 'closed' && o.filled === 0.02, { id: o.id, cost: o.cost, average: o.average }];
});
await step('fetchMyTrades', async () => {
    const list = await exchange.fetchMyTrades(symbol);
    const filled = list.filter((t) => t.order === market.id).reduce((sum, t) => sum + t.amount, 0);
    return [Math.abs(filled - 0.02) < 1e-9 && list.every((t) => t.fee.cost > 0), { trades: list.length }];
});
await step('watchOrders', async () => {
    const ok = await hears(limit.id, 'open') && await hears(limit.id, 'canceled') && await hears(market.id, 'closed');
    return [ok, { heard: heard.length }];
});
await step('refused', async () => {
    try {
        await exchange.createOrder(symbol, 'limit', 'sell', 1000, ask);
    } catch (e) {
        return [e instanceof ccxt.InsufficientFunds, { error: e.constructor.name }];
    }
    return [false, {}];
});
say('end', true, { id: market.id, canceled: limit.id });
listening = false;
await exchange.close();
await listener;
process.exit(0);
