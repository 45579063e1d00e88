#!/usr/bin/env bash
# A SLURM of one node for tests: daemons on the loopback device only, two made-up GPUs, no accounting, no cgroups.
#   one-node.sh start FOLDER   install what is missing and start; exit 77 and one line where this machine cannot
#   one-node.sh stop FOLDER    stop what `start` started there
set -euo pipefail

folder=$(mkdir -p "$2" && cd "$2" && pwd)
node=$(hostname -s)
controller_port=26817 node_port=26818

cannot() {
  echo "$1"
  exit 77
}

end() { # the process whose id is in file $1
  local process
  [ -s "$1" ] || return 0
  process=$(<"$1")
  kill "$process" 2>/dev/null || true
  timeout 10 tail --pid="$process" -f /dev/null || kill -9 "$process" 2>/dev/null || true
  rm -f "$1"
}

stop() {
  for daemon in slurmd slurmctld munged; do end "$folder/$daemon.pid"; done
  for name in slurm.conf gres.conf; do
    if [ "$(readlink "/etc/slurm/$name" || true)" = "$folder/$name" ]; then rm "/etc/slurm/$name"; fi
  done
}

install_packages() {
  local wanted=(slurmctld slurmd slurm-client munge) missing=()
  command -v dpkg >/dev/null && command -v apt-get >/dev/null || cannot "no Debian packages here"
  for package in "${wanted[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  # nothing may start by itself, and a machine without network must not wait long
  local apt=(timeout 240 apt-get -qq -o Acquire::Retries=0 -o Acquire::http::Timeout=20)
  { "${apt[@]}" update && DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; } \
    >"$folder/apt.log" 2>&1 || cannot "these packages cannot be installed: ${missing[*]}"
}

configure() {
  : >"$folder/gres.conf"
  for gpu in 0 1; do
    # the null device under another name: SLURM hands out numbers and never opens it
    [ -e "$folder/gpu$gpu" ] || mknod "$folder/gpu$gpu" c 1 3 2>/dev/null || cannot "no device files can be made here"
    echo "NodeName=$node Name=gpu File=$folder/gpu$gpu" >>"$folder/gres.conf"
  done
  cat >"$folder/slurm.conf" <<CONF
ClusterName=one
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=$controller_port
SlurmdPort=$node_port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
ReturnToService=2
KillWait=10
MinJobAge=3600
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=2
SlurmdParameters=config_overrides
AccountingStorageType=accounting_storage/none
GresTypes=gpu
NodeName=$node NodeAddr=127.0.0.1 CPUs=32 RealMemory=64000 Gres=gpu:2 State=UNKNOWN
PartitionName=all Nodes=$node Default=YES MaxTime=INFINITE State=UP
CONF
  # jobs drop the variable SLURM_CONF, so the configuration has to stand where the clients look by themselves
  mkdir -p /etc/slurm
  for name in slurm.conf gres.conf; do
    [ ! -e "/etc/slurm/$name" ] || [ -L "/etc/slurm/$name" ] || cannot "/etc/slurm/$name belongs to a real cluster"
    ln -sfn "$folder/$name" "/etc/slurm/$name"
  done
}

start() {
  [ "$(id -u)" = 0 ] || cannot "only root can start the daemons"
  install_packages
  mkdir -p "$folder/state" "$folder/spool"
  chmod 755 "$folder"
  head -c 1024 /dev/urandom >"$folder/munge.key"
  chmod 400 "$folder/munge.key"
  configure
  munged --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" --pid-file="$folder/munged.pid" \
    --log-file="$folder/munged.log" --seed-file="$folder/munge.seed"
  slurmctld -c
  slurmd
  for _ in {1..100}; do
    if sinfo --noheader --format=%T 2>/dev/null | grep -q idle; then return 0; fi
    sleep 0.2
  done
  stop
  cannot "the node did not come up; see $folder/*.log"
}

"$1"
