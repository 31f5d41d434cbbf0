#!/usr/bin/env bash
# Runs a command in a sealed world: its own network (nothing but loopback), mounts, processes, IPC and host name.
# Killing this process ends everything in it. Run as root: enter.sh COMMAND ARGUMENT...
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# unshare ignores SIGTERM and outlives its parent unless it is told not to.
exec setpriv --pdeathsig KILL \
  unshare --net --mount --pid --ipc --uts --fork --kill-child --mount-proc --propagation private \
  bash "$here/first-process.sh" "$@"
