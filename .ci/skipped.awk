# Reads the events of "go test -json" and prints which tests were skipped. Fails if
# a test was skipped because there is no Postgres or no Redis, or if no tests were run.

function field(name) {
	if (!match($0, "\"" name "\":\"([^\"\\\\]|\\\\.)*\"")) return ""
	return substr($0, RSTART + length(name) + 4, RLENGTH - length(name) - 5)
}

{
	action = field("Action")
	test = field("Package") " " field("Test")
}

field("Test") == ""                            { next } # about the package
action == "run"                                { run++ }
action == "skip"                               { skipped[++count] = test }
action == "output" && /pgtest: no Postgres/    { wanted[test] = "Postgres" }
action == "output" && /redistest: no Redis/    { wanted[test] = "Redis" }

END {
	printf "skipped tests: %d\n", count
	for (i = 1; i <= count; i++) {
		missed += skipped[i] in wanted
		print "  " skipped[i] (skipped[i] in wanted ? " (no " wanted[skipped[i]] ")" : "")
	}
	if (missed) print "error: " missed " of them need a server that was not found"
	if (!run) print "error: no tests were run"
	exit missed || !run
}
