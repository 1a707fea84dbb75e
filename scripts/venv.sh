# Makes this checkout's virtual environment, or brings it up to date. Sourced by the other scripts; sets $venv.
# Its one rule: what stops it is said in one line, with what to type.

say() { printf '%s\n' "$*" >&2; }

find_python() {
    for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
        [ -n "$candidate" ] || continue
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s' "$candidate"
            return
        fi
    done
    say "packet-lab: no Python 3.11 or later here; on Debian or Ubuntu type: sudo apt install python3 python3-venv"
    exit 8
}

need_venv_module() {
    "$python" -c 'import ensurepip, venv' 2>/dev/null && return
    local version
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "packet-lab: installing python3-venv"
        { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy "python$version-venv"; } >/dev/null ||
            { say "packet-lab: apt-get could not install python$version-venv"; exit 8; }
    else
        say "packet-lab: Python's venv module is not here; type: sudo apt install python$version-venv"
        exit 8
    fi
}

# make_venv EXTRA: EXTRA is "" or "[test]". A stamp of what was asked makes the second time quick, and an
# environment that was left half made is completed.
make_venv() {
    local extra=$1 stamp
    venv=$PWD/.venv
    [ -w . ] || { say "packet-lab: $PWD is not writable for you; clone the project into a folder of your own"; exit 8; }
    python=$(find_python) || exit 8
    stamp="$extra $(cksum <pyproject.toml) $PWD"
    if [ -x "$venv/bin/lab" ]; then
        case "$(cat "$venv/.packet-lab" 2>/dev/null)" in
            "$stamp" | "[test] ${stamp#"$extra "}") return ;;
        esac
    fi
    need_venv_module
    say "packet-lab: making the virtual environment .venv (the first time takes up to a minute)"
    [ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1 || "$python" -m venv --clear "$venv"
    if ! "$venv/bin/python" -m pip install -q --disable-pip-version-check -e ".$extra" >"$venv/install.log" 2>&1; then
        tail -n 3 "$venv/install.log" >&2
        say "packet-lab: pip could not install the packages (the lines above say why; all of it is in .venv/install.log)"
        exit 8
    fi
    printf '%s' "$stamp" >"$venv/.packet-lab"
}
