# SPDX-License-Identifier: GPL-2.0-or-later
# Reads one .trx file (the test platform's XML) and prints, tab separated:
#   counts  PASSED  FAILED  SKIPPED
#   failed  NAME    MESSAGE, on one line, at most 400 characters
#   skipped NAME    REASON
# One record is what follows one '<', so neither indentation nor line breaks matter. '<' never occurs unescaped in XML
# text or attributes. The counts are of results, not of the summary element, so a file cut short is not believed.
BEGIN { RS = "<" }

function decoded(text) {
    gsub(/&lt;/, "<", text); gsub(/&gt;/, ">", text); gsub(/&quot;/, "\"", text); gsub(/&apos;/, "'", text)
    gsub(/&#x[Dd];/, "", text); gsub(/&#x[Aa];/, " ", text); gsub(/[\t\r\n ]+/, " ", text); gsub(/&amp;/, "\\&", text)
    sub(/^ /, "", text)
    return text
}

function attribute(name,    at, rest) {
    at = index($0, " " name "=\"")
    if (!at) return ""
    rest = substr($0, at + length(name) + 3)
    return decoded(substr(rest, 1, index(rest, "\"") - 1))
}

function finish() {
    if (outcome == "Passed") passed++
    else if (outcome == "NotExecuted") { skipped++; print "skipped\t" name "\t" message }
    else if (outcome != "") { failed++; print "failed\t" name "\t" message }
    outcome = ""
}

/^UnitTestResult / { finish(); name = attribute("testName"); outcome = attribute("outcome"); message = "" }
/^Message>/ && outcome != "" && message == "" {
    message = substr(decoded(substr($0, index($0, ">") + 1)), 1, 400)
}
/^\/UnitTestResult>/ { finish() }
/^\/TestRun>/ { complete = 1 }
END {
    finish()
    if (complete) print "counts\t" passed + 0 "\t" failed + 0 "\t" skipped + 0
}
