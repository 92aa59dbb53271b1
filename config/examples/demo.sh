#!/bin/sh
# The demo, `make demo`: a local exchange replays six minutes of a real market, recorded at Binance Spot, ten times as
# fast; the agent trades it on paper, with three strategies; at the end the journal of the run is replayed and compared.
# `make demo-STRATEGY` shows one strategy: grid, dca and momentum on the same market, triangular on a generated one, and
# arbitrage between two exchanges.
#
# usage, in the top directory: config/examples/demo.sh [BUILD [STRATEGY]]
#   BUILD     where the programs are, default build
#   SPEED=N   in the environment: N times as fast as the market was, default 10
#
# Everything it writes is in BUILD/demo (BUILD/demo-STRATEGY). Ctrl-C ends it and everything that it started.
set -eu

build=${1:-build}
strategy=${2:-}
dir=$build/demo${strategy:+-$strategy}
tradewind=$build/tradewind
recording=tests/data/binance-spot-btcusdt-20240808.gz
speed=${SPEED:-10}
exchange= second= daemon= lines=

# What is traded: a recorded market, or one that is made for the strategy.
config=config/examples/demo.toml
market="--replay BTC-USDT=$recording"
market2= # of a second exchange
title="a local exchange replays the recorded market, $speed times as fast"
case $strategy in
'') agent='three strategies, 10000 USDT and 0.1 BTC on paper' ;;
grid | dca | momentum) agent="the strategy $strategy, 10000 USDT and 0.1 BTC on paper" ;;
triangular)
    config=config/examples/triangular.toml
    market='--generate length=6m'
    title="a local exchange makes a market of three pairs, $speed times as fast; sometimes ETH-BTC is off by 0.6 %"
    agent='the strategy triangular, 10000 USDT on paper, three fees of 0.1 % a cycle'
    ;;
arbitrage)
    config=config/examples/arbitrage.toml
    market='--generate length=6m --instance near'
    market2='--generate length=6m,edge=0 --instance far'
    title="two local exchanges make the same market, $speed times as fast; at one of them ETH-BTC is sometimes off by 0.6 %"
    agent='the strategy arbitrage, with balances on both exchanges, on paper'
    ;;
*)
    printf 'demo: there is no demo of "%s"; there are grid, dca, momentum, triangular and arbitrage\n' "$strategy" >&2
    exit 2
    ;;
esac

part() {
    printf '\n== %s\n\n' "$1"
}

ended() {
    trap - EXIT INT TERM
    for pid in $lines $daemon $exchange $second; do
        kill -TERM "$pid" 2>/dev/null || true
    done
    wait 2>/dev/null || true
}
trap ended EXIT
trap 'ended; exit 130' INT
trap 'ended; exit 143' TERM

failed() {
    printf 'demo: %s\n' "$1" >&2
    exit 1
}

# wait_for SECONDS PID FILE TEXT: until a line of FILE holds TEXT, as long as PID lives.
wait_for() {
    tenths=$(($1 * 10))
    while ! grep -q "$4" "$3" 2>/dev/null; do
        kill -0 "$2" 2>/dev/null || return 1
        [ "$tenths" -gt 0 ] || return 1
        tenths=$((tenths - 1))
        sleep 0.1
    done
}

rm -rf "$dir"
mkdir -p "$dir"

# serve LOG OPTIONS...: starts an exchange; its process is $served, its port $port.
serve() {
    log=$1
    shift
    "$tradewind" exchange --dir "$dir" --listen 127.0.0.1:0 --speed "$speed" --wait-for-client "$@" >"$log" 2>&1 &
    served=$!
    wait_for 20 "$served" "$log" 'exchange ready' || {
        cat "$log" >&2
        failed "the exchange did not start"
    }
    cat "$log"
    port=$(sed -n 's/.*exchange ready: wss:[^ ]*:\([0-9]*\) .*/\1/p' "$log")
}

part "$title"
# shellcheck disable=SC2086 # several words
serve "$dir/exchange.log" $market
exchange=$served
ports="s/127\.0\.0\.1:9443/127.0.0.1:$port/"
if [ -n "$market2" ]; then
    # shellcheck disable=SC2086
    serve "$dir/exchange2.log" $market2
    second=$served
    ports="$ports; s/127\.0\.0\.1:9444/127.0.0.1:$port/"
fi

part "the agent: $agent"
# Of the strategies only the one that was asked for, if any.
sed "$ports" "$config" | awk -v kind="$strategy" '
    /^\[\[strategy\]\]/ { if (keep) printf "%s", block; block = ""; in_block = 1; keep = kind == "" }
    in_block && $1 == "kind" && $3 == "\"" kind "\"" { keep = 1 }
    { if (in_block) block = block $0 "\n"; else print }
    END { if (keep) printf "%s", block }' >"$dir/demo.toml"
"$tradewind" check "$dir/demo.toml" >"$dir/check.txt" || failed "the configuration is refused"
sed -n '/^strategy/,$p' "$dir/check.txt" | sed -n '/^limits/q;p'

part "what it does"
: >"$dir/daemon.log" # before `tail`, which may else look for it before the daemon's shell has made it
"$tradewind" run "$dir/demo.toml" >"$dir/daemon.log" 2>&1 &
daemon=$!
tail -n +1 -s 0.2 -f "$dir/daemon.log" &
lines=$!
wait_for 20 "$daemon" "$dir/exchange.log" 'client 1 connected' || failed "the agent did not subscribe; see $dir/daemon.log"

half=$((1800 / speed)) # tenths of a second, of six minutes
sleep "$((half / 10)).$((half % 10))"
kill -STOP "$lines"
part "half way: tradewind status"
"$tradewind" status "$dir/demo.toml" || failed "the daemon does not answer"
part "what it does next"
kill -CONT "$lines"

wait_for 60 "$exchange" "$dir/exchange.log" 'recording is over' || failed "the recording did not end; see $dir/exchange.log"
[ -z "$second" ] || wait_for 60 "$second" "$dir/exchange2.log" 'recording is over' || failed "the second exchange did not end"
sleep 1
kill -TERM "$daemon"
status=0
wait "$daemon" || status=$?
daemon=
sleep 0.5
kill "$lines" 2>/dev/null || true
lines=
[ "$status" = 0 ] || failed "the agent ended with status $status"

part "the proof: the journal, replayed through the same engine"
"$tradewind" replay "$dir/state/journal-0001.twj" || failed "the replay differs from the run"

printf '\nThe run is in %s: demo.toml, daemon.log, exchange.log, and the journal in state/.\n' "$dir"
