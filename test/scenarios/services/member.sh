#!/bin/sh
# A member of a cluster that Daruma does not start: `member.sh WHAT NUMBER [PORT]`. What it is lies
# in files beside each other in the directory that it is called in.
what=$1 n=$2
pid=$(cat "pid.$n" 2>/dev/null)
case $what in
  start)
    [ -e "role.$n" ] || echo standby >"role.$n"
    setsid "$NODE" -e '
      const [n, port] = process.argv.slice(1);
      const role = () => require("fs").readFileSync(`role.${n}`, "utf8").trim();
      require("http").createServer((q, a) => a.end(`${n} ${role()}`)).listen(port, "127.0.0.1");
    ' "$n" "$3" </dev/null >/dev/null 2>&1 &
    echo $! >"pid.$n"
    ;;
  status) [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null || exit 3 ;;
  stop) kill "$pid" 2>/dev/null; while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done ;;
  fence)
    kill -9 "$pid" 2>/dev/null
    echo standby >"role.$n"
    echo "fence $n" >>acts
    ;;
  role) cat "role.$n" ;;
  promote) echo primary >"role.$n"; echo "promote $n $EPOCH" >>acts ;;
  demote) echo standby >"role.$n" ;;
esac
