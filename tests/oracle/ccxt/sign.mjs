// What ccxt signs. One JSON object per line in: kind ("hmac", "ed25519"), apiKey, secret (of ed25519 the PEM), timestamp,
// recvWindow, symbols, and call: [name, arguments...], a method of ccxt.pro's binance. One per line out: what it would
// have sent, {method, url, headers, body} or {message}; or {error}. Nothing is ever sent.
import ccxt from 'ccxt';
import readline from 'node:readline';

class Caught extends Error {}

function exchange(o) {
    const e = new ccxt.pro.binance({ apiKey: o.apiKey, secret: o.secret, newUpdates: false });
    Object.assign(e.options, { recvWindow: o.recvWindow, defaultType: 'spot', warnOnFetchOpenOrdersWithoutSymbol: false });
    for (const type of ['market', 'limit', 'TAKE_PROFIT_LIMIT']) e.options.newOrderRespType[type] = 'FULL';
    e.nonce = () => o.timestamp;
    e.setMarkets(o.symbols.map((symbol) => {
        const [base, quote] = symbol.split('/');
        return e.safeMarketStructure({
            id: base + quote, symbol, base, quote, baseId: base, quoteId: quote, type: 'spot', spot: true, swap: false,
            future: false, option: false, contract: false, margin: false, active: true, precision: { amount: 1e-8, price: 1e-8 },
            info: { orderTypes: ['LIMIT', 'LIMIT_MAKER', 'MARKET', 'STOP_LOSS_LIMIT', 'TAKE_PROFIT_LIMIT'] },
        });
    }));
    e.fetch = async (url, method = 'GET', headers = undefined, body = undefined) => {
        throw Object.assign(new Caught(), { sent: { method, url, headers, body } });
    };
    e.watch = async (url, hash, message) => {
        throw Object.assign(new Caught(), { sent: { message } });
    };
    return e;
}

// What ccxt promises to others who wait for the same request fails with it.
process.on('unhandledRejection', (e) => { if (!(e instanceof Caught)) throw e; });

for await (const line of readline.createInterface({ input: process.stdin })) {
    const o = JSON.parse(line);
    const [name, ...args] = o.call;
    let answer;
    try {
        const value = await exchange(o)[name](...args.map((a) => (a === null ? undefined : a)));
        answer = { message: { params: value } };
    } catch (e) {
        answer = e instanceof Caught ? e.sent : { error: String(e) };
    }
    console.log(JSON.stringify(answer));
}
