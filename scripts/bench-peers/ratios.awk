# Puts Mailstead beside the better of its peers and beside the targets.
#
# Reads targets.tsv, then tables of `mailbench compare` whose columns are
# Mailstead, Maildir, mdbox and the machine, with the metric and a tab before
# each line. The ratio is how many times better Mailstead is: more per second
# ("more"), or less of it ("less"). For "under" only Mailstead's own value
# counts, and "limit" divides by what the machine can do.
BEGIN {
	FS = "\t"
	print "| work | Mailstead | Maildir | mdbox | ratio | target | |"
	print "|---|---:|---:|---:|---:|---:|---|"
}

# number: the value of a cell, or nothing where nothing was measured.
function number(cell) { gsub(/[ –]/, "", cell); return cell }

function max(a, b) { return a + 0 > b + 0 ? a : b }
function min(a, b) { return a + 0 < b + 0 ? a : b }

# better: the better of two values, of which one may be missing.
function better(a, b, sense) {
	if (a == "" || b == "") return a b
	return sense == "less" ? min(a, b) : max(a, b)
}

FILENAME == ARGV[1] {
	if (/^#/) next
	n++
	work[n] = $1; metric[n] = $2; row[n] = $3; sense[n] = $4; target[n] = $5; limit[n] = $6
	next
}

{
	split($2, cell, " *[|] *")
	for (i = 1; i <= 4; i++) {
		v = number(cell[i + 2])
		value[$1, cell[2], i] = v
		if (v ~ /^[0-9]/) value[$1, "*", i] = max(value[$1, "*", i], v)
	}
}

END {
	for (k = 1; k <= n; k++) {
		us = value[metric[k], row[k], 1]
		maildir = value[metric[k], row[k], 2]
		mdbox = value[metric[k], row[k], 3]
		peer = better(maildir, mdbox, sense[k])
		if (sense[k] == "limit") peer = value[metric[k], limit[k], 4]
		if (us == "" || peer == "") continue

		ratio = sense[k] == "less" || sense[k] == "under" ? peer / max(us, 0.001) : us / max(peer, 0.001)
		if (sense[k] == "under") {
			met = us + 0 < target[k] + 0
			goal = "under " target[k]
		} else {
			met = ratio >= target[k] + 0
			goal = target[k]
		}
		printf "| %s | %s | %s | %s | %s | %s | %s |\n", work[k], us, maildir, mdbox,
			sprintf(ratio < 10 ? "%.2f" : "%.1f", ratio), goal, met ? "met" : "not met"
	}
}
