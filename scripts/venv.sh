# Makes this checkout's virtual environment, or brings it up to date. Sourced in the checkout; sets $venv.
# Its one rule: what stops it is said in one line, with what to type.

say() { printf '%s\n' "packet-lab: $*" >&2; }
stop() { say "$*"; exit 8; }

find_python() {
    for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
        [ -n "$candidate" ] || continue
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s' "$candidate"
            return
        fi
    done
    stop "no Python 3.11 or later here; on Debian or Ubuntu type: sudo apt install python3 python3-venv"
}

# As root: packages through apt. The lists that are here are tried first; a machine in use rarely needs an update.
apt_install() {
    local log
    log=$(mktemp)
    set -- -qy -o DPkg::Lock::Timeout=300 --no-install-recommends "$@"
    if DEBIAN_FRONTEND=noninteractive apt-get install "$@" >"$log" 2>&1 ||
        { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install "$@"; } >"$log" 2>&1; then
        rm -f "$log"
        return
    fi
    say "apt-get says: $(grep -m 1 '^E:' "$log" || tail -n 1 "$log")"
    rm -f "$log"
    return 1
}

need_venv_module() {
    "$python" -c 'import ensurepip, venv' 2>/dev/null && return
    local package
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if ! command -v apt-get >/dev/null; then
        stop "this Python has no ensurepip and venv modules; install them as your system provides them"
    elif [ "$(id -u)" != 0 ]; then
        stop "this Python lacks its venv module; type: sudo apt install $package"
    fi
    say "installing $package"
    apt_install "$package" || stop "$package could not be installed; type: apt-get update && apt-get install $package"
}

# What an environment was made for: the wanted packages, the place of the checkout, and the Python. The rest of
# pyproject.toml (tools' settings) asks for no installation.
stamp_of() { echo "$(sed '/^\[tool\.pytest/,$d' pyproject.toml | cksum) $PWD $(readlink -f .venv/bin/python)"; }

# ready EXTRA: the environment is whole and holds at least what is asked.
ready() {
    local made
    [ -x .venv/bin/python ] && [ -x .venv/bin/lab ] && made=$(cat .venv/.packet-lab 2>/dev/null) || return 1
    [ "$made" = "$1 $(stamp_of)" ] || [ "$made" = "[test] $(stamp_of)" ]
}

# On a terminal one line moves, so that a person sees that it works.
show_progress() {
    if [ -t 2 ]; then
        while IFS= read -r line; do
            case $line in
                Collecting* | *Downloading* | *Building* | Installing*) printf '\r  %-70.70s' "$line" >&2 ;;
            esac
        done
        printf '\r%-72s\r' "" >&2
    else
        cat >/dev/null
    fi
}

why_pip_failed() {
    local log=.venv/install.log error
    if grep -q "No space left on device" "$log"; then
        echo "the disk is full"
    elif grep -qE "connection broken|NewConnectionError|name resolution|timed out|ProxyError" "$log"; then
        echo "the package index cannot be reached; look at the network or the proxy, then run this again"
    else
        error=$(sed -n 's/^ *ERROR: *//p' "$log" | head -n 1)
        echo "${error:-its last line is: $(tail -n 1 "$log")}"
    fi
}

install_packages() {
    local before=$1 extra=$2
    # A killed installation leaves this word behind: then nothing in .venv is trusted, and all is made anew.
    echo unfinished >.venv/.packet-lab
    if ! (set -o pipefail && PIP_RETRIES="${PIP_RETRIES:-2}" .venv/bin/python -m pip install --no-user --progress-bar off \
        --disable-pip-version-check -e ".$extra" 2>&1 | tee .venv/install.log | show_progress); then
        printf '%s' "$before" >.venv/.packet-lab
        stop "pip failed: $(why_pip_failed) (all it said is in $PWD/.venv/install.log)"
    fi
    printf '%s' "$extra $(stamp_of)" >.venv/.packet-lab
}

# make_venv EXTRA: EXTRA is "" or "[test]". The stamp in .venv/.packet-lab makes the second time quick.
make_venv() {
    local extra=$1 before
    venv=$PWD/.venv
    ready "$extra" && return
    [ -w . ] || stop "$PWD is not writable for you; clone the project into a folder of your own"
    [ ! -e .venv ] || [ -w .venv ] || stop "$venv belongs to $(stat -c %U .venv); type: sudo rm -r '$venv'"
    if command -v flock >/dev/null; then
        exec 9<.
        flock -n 9 || { say "waiting for another run that is making .venv"; flock 9; }
        ready "$extra" && { exec 9<&-; return; }
    fi
    python=$(find_python) || exit 8
    need_venv_module
    before=$(cat .venv/.packet-lab 2>/dev/null) || before=
    case $before in "" | *" $PWD "*) ;; *) before=unfinished ;; esac   # a moved environment's programs start the old one
    trap 'say "interrupted; the next run makes .venv anew"; exit 130' INT
    say "making the virtual environment .venv (the first time takes up to a minute)"
    if [ "$before" = unfinished ] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        before=
        rm -rf .venv
        mkdir .venv
        echo unfinished >.venv/.packet-lab
        "$python" -m venv .venv >.venv/install.log 2>&1 || stop "venv failed: $(tail -n 1 .venv/install.log)"
    fi
    install_packages "$before" "$extra"
    trap - INT
    exec 9<&-
}

# In somebody else's checkout root leaves nothing behind that its owner cannot change.
give_back() {
    if [ "$(id -u)" = 0 ] && [ "$(stat -c %u .)" != 0 ]; then
        find . -xdev -user 0 -exec chown -h --reference=. {} +
    fi
}

# What Scapy keeps for itself stays in the checkout too; where that is not ours to write, Scapy keeps nothing.
stay_inside() {
    local place=$venv
    [ -w "$venv" ] || place=/nonexistent
    export XDG_CACHE_HOME="$place/cache" XDG_CONFIG_HOME="$place/config"
}
