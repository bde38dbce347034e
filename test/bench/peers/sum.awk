# Adds up what several failures.awk have printed.
BEGIN { FS = OFS = "\t" }
{ count = $NF; NF--; n[$0] += count }
END { for (k in n) print k, n[k] }
