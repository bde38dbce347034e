# Counts failures by target, statuses and logged reason, and all lines. The
# pattern spares nearly every line the cutting; $9 decides.
/ 5[0-9][0-9] / && $9 >= 500 { split($0, quoted, "\""); n[$5 "\t" $9 "\t" $10 "\t" quoted[16]]++ }
END { for (k in n) print k "\t" n[k]; print "lines\t" NR }
