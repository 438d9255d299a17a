# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# apt with a configuration of its own, as any user: for packages of another architecture or suite, while the
# machine's packages, architectures, sources and lists stay as they are. Sourced, after `set -euo pipefail`.

# machine_sources SUITE...: lines of a sources.list for these suites of Debian, from the mirrors that the machine's own
# apt uses for the release that it runs. Without any package list on the machine yet (nobody has run apt-get update)
# ORIGIN is unknown; the suites' names are enough then.
machine_sources() {
	local codename

	codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
	# shellcheck disable=SC2016 # apt's own variables
	apt-get indextargets --format '$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)' 'Created-By: Packages' |
		awk -F'|' -v release="$codename" -v suites="$*" '
			$4 != "Debian" && $4 !~ /^[$]/ && $4 != "" { next }
			$3 != "main" { next }
			$2 == release && !mirror { mirror = $1 }
			{ uri[$2] = $1 }
			END {
				n = split(suites, suite, " ")
				for (i = 1; i <= n; i++)
					if (suite[i] in uri)
						print "deb", uri[suite[i]], suite[i], "main"
					else if (mirror && suite[i] !~ /-/)
						print "deb", mirror, suite[i], "main"
			}'
}

# own_apt DIR ARCHITECTURE: from here on apt uses a configuration in DIR, with the sources.list on stdin, and reads the
# lists. A mirror in the middle of a synchronisation fails in part: what counts is whether what is wanted can then be
# had. What apt says is in DIR/update.log.
own_apt() {
	local dir=$1 try

	mkdir -p "$dir"/{state/lists/partial,cache/archives/partial}
	cat >"$dir/sources.list"
	cat >"$dir/apt.conf" <<-END
		APT::Architecture "$2";
		APT::Architectures { "$2"; };
		APT::Install-Recommends "false";
		APT::Sandbox::User "";
		Acquire::Languages "none";
		Acquire::Retries "3";
		Debug::NoLocking "true";
		Dir::State "$dir/state";
		Dir::State::status "/dev/null";
		Dir::Cache "$dir/cache";
		Dir::Etc::SourceList "$dir/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::Etc::Preferences "/dev/null";
		Dir::Etc::PreferencesParts "/dev/null";
	END
	export APT_CONFIG=$dir/apt.conf
	for try in 1 2 3; do
		apt-get -q update >"$dir/update.log" 2>&1 && return
		sleep $((try * 3))
	done
	return 0
}
