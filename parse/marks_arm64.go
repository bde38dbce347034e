package parse

// vectors says that the processor has what markVectors needs: every one has.
var vectors = true
