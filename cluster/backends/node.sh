# From here on the same for all clusters: cluster/backends/node.sh.
export RAY_TMPDIR=$scratch RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH=$here/token RAY_USAGE_STATS_ENABLED=0
read -r _ _ own _ <<<"${SSH_CONNECTION:-}" || true # this host's address, as it was reached

# Install exactly the code that was sent, once, in an environment of its own.
install() {
  cd "$here"
  sha256sum --check --quiet <<<"$check"
  mkdir -p "$directory/environments"
  exec 9>"$environment.lock"
  flock 9 # hosts may share this directory
  if [ -e "$environment/ready" ]; then return; fi
  echo "installing into $environment on $(hostname)"
  rm -rf "$environment"
  "$python" -m venv "$environment"
  if [ "$packages" = given ]; then
    use_given
    "$environment/bin/pip" install --quiet --no-deps --no-index "$here/$wheel"
  else
    "$environment/bin/pip" install --quiet "$here/$wheel$extras" "${more[@]}"
  fi
  touch "$environment/ready"
}

# Let the environment see the packages of the Python that was named.
use_given() {
  local paths='import sysconfig as s; print(*{s.get_path("purelib"), s.get_path("platlib")}, sep="\n")'
  local own_packages
  own_packages=$("$environment/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  "$python" -c "$paths" >"$own_packages/given.pth"
}

# Prepare the first host. Ray brings both files to the others.
head() {
  (umask 077; command head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$here/token")
  echo "$own" >"$here/head"
  end
  rm -f "$here/ended" "$here/launch.lock"
  make_scratch
  "$environment/bin/python" -P -m recipe_sweep.cluster.backends.ray_local_head ~/ray_bootstrap_config.yaml
}

make_scratch() {
  mkdir -p -m 700 "$RAY_TMPDIR"
  if [ ! -O "$RAY_TMPDIR" ]; then echo "$RAY_TMPDIR is another user's" >&2; exit 1; fi
}

# Run Ray's own command, `ray start`, with what this host has.
ray() {
  local line name cpus="" gpus=""
  for line in "${hosts[@]}"; do
    read -r name cpus gpus <<<"$line"
    if [ "$name" = "${RAY_CLOUD_INSTANCE_ID:-}" ]; then break; fi
  done
  if [ "$name" != "${RAY_CLOUD_INSTANCE_ID:-}" ]; then echo "this is none of the cluster's hosts" >&2; exit 1; fi
  end
  make_scratch
  chmod 600 "$here/token"
  export "$mark=$here"
  end_in_time
  "$environment/bin/python" -P -m ray.scripts.scripts "$@" --node-ip-address="$own" --num-cpus="$cpus" --num-gpus="$gpus" \
    --object-store-memory="$store_bytes" --disable-usage-stats </dev/null
}

# Whatever happens elsewhere, this host ends its part in time.
end_in_time() {
  local left=$((ends_at - $(date +%s)))
  setsid sh -c "sleep $((left > 0 ? left : 0)); unset $mark; exec bash '$here/node.sh' end" </dev/null >/dev/null 2>&1 &
}

# Start the launch. It goes on when the connection ends. While it lives it holds a lock, which a power cut frees.
launch() {
  export "$mark=$here"
  exec 8>"$here/launch.lock.new"
  flock 8
  mv -f "$here/launch.lock.new" "$here/launch.lock" # nobody finds it free
  setsid bash "$here/node.sh" train </dev/null >"$here/launch.log" 2>&1 &
}

train() {
  local code=0
  rm -f "$here/ended"
  cd "$directory"
  RAY_ADDRESS=$(cat "$here/head"):$port PATH="$environment/bin:$PATH" "${words[@]}" || code=$?
  echo "$code" >"$here/ended"
  unset "$mark"
  exec bash "$here/node.sh" end
}

# Run our own command line on this host.
recipe_sweep() {
  cd "$directory"
  "$environment/bin/recipe-sweep" "$@"
}

status() {
  if [ -e "$here/ended" ]; then
    echo "the launch has ended with exit code $(cat "$here/ended"), and Ray with it"
  elif [ -e "$here/head" ]; then
    RAY_ADDRESS=$(cat "$here/head"):$port "$environment/bin/python" -P -m ray.scripts.scripts status ||
      echo "Ray does not answer: bring the cluster down, then up again"
  fi
  if [ -e "$here/launch.log" ]; then echo; echo "$here/launch.log:"; tail -n 15 "$here/launch.log"; fi
}

# End the launch in good order, then everything of this cluster, and nothing else.
end() {
  if [ -e "$environment/ready" ]; then # else nothing was started; an installation ends with its connection
    "$environment/bin/python" -P -m recipe_sweep.cluster.host_processes "$here"
  fi
}

down() {
  end
  rm -rf "$RAY_TMPDIR"
  rm -f "$here/token" "$here/head" ~/ray_bootstrap_key.pem ~/ray_bootstrap_config.yaml
}

"$@"
