#include "textflag.h"

// One bit for each of the 64 bytes in V0 to V3 that are as those of char, into to:
// V16 leaves of each byte the bit of its place in eight, and adding neighbours three
// times puts eight of them together.
#define MARK(char, to) \
	VCMEQ char.B16, V0.B16, V4.B16 \
	VCMEQ char.B16, V1.B16, V5.B16 \
	VCMEQ char.B16, V2.B16, V6.B16 \
	VCMEQ char.B16, V3.B16, V7.B16 \
	VAND  V16.B16, V4.B16, V4.B16 \
	VAND  V16.B16, V5.B16, V5.B16 \
	VAND  V16.B16, V6.B16, V6.B16 \
	VAND  V16.B16, V7.B16, V7.B16 \
	VADDP V5.B16, V4.B16, V4.B16 \
	VADDP V7.B16, V6.B16, V6.B16 \
	VADDP V6.B16, V4.B16, V4.B16 \
	VADDP V4.B16, V4.B16, V4.B16 \
	VMOV  V4.D[0], to

// func markNEON(m *marks, text []byte, state *marker) (length int)
//
// As markWordwise, with a block of 64 bytes a round.
//
//	state:     R4 inside, R5 ended, R6 closed, R7 backslash, R8 odd
//	the block: R9 quotes, R10 spaces and then ends, R11 backslashes, R12 stop
//	places:    R1 text, R2 how much is left of it, R0 marks
//	constants: V17 quotes, V18 spaces, V19 backslashes, V20 newlines
TEXT ·markNEON(SB), NOSPLIT, $0-48
	MOVD m+0(FP), R0
	MOVD text_base+8(FP), R1
	MOVD text_len+16(FP), R2
	MOVD state+32(FP), R3
	MOVD 0(R3), R4
	MOVD 8(R3), R5
	MOVD 16(R3), R6
	MOVD 24(R3), R7
	MOVD 32(R3), R8

	MOVD $0x8040201008040201, R9
	VMOV R9, V16.D[0]
	VMOV R9, V16.D[1]
	MOVD $0x22, R9
	VDUP R9, V17.B16
	MOVD $0x20, R9
	VDUP R9, V18.B16
	MOVD $0x5c, R9
	VDUP R9, V19.B16
	MOVD $0x0a, R9
	VDUP R9, V20.B16

round:
	CMP    $64, R2
	BLT    nowhere
	VLD1.P 64(R1), [V0.B16, V1.B16, V2.B16, V3.B16]
	MARK(V17, R9)
	MARK(V18, R10)
	MARK(V19, R11)
	MARK(V20, R12)
	CBZ    R12, marked

	// Nothing behind the first newline counts, which ends a field as well.
	NEG R12, R13
	AND R13, R12, R12
	SUB $1, R12, R13
	AND R13, R9, R9
	AND R13, R10, R10
	AND R13, R11, R11
	ORR R12, R10, R10

marked:
	// The parity of the quotes.
	EOR R9<<1, R9, R13
	EOR R13<<2, R13, R13
	EOR R13<<4, R13, R13
	EOR R13<<8, R13, R13
	EOR R13<<16, R13, R13
	EOR R13<<32, R13, R13
	EOR R13, R4, R4

	// R10: ends. R13: where fields begin.
	BIC R4, R10, R10
	ORR R10<<1, R5, R13
	LSR $63, R10, R5

	// R9: closing quotes, R14: opening quotes. Odd: an opening quote where no field
	// begins, and an empty field.
	AND R4, R9, R14
	BIC R4, R9, R9
	BIC R13, R14, R14
	ORR R14, R8, R8
	AND R10, R13, R13
	ORR R13, R8, R8

	// Odd: a closing quote where no field ends, and one behind a backslash.
	ORR R9<<1, R6, R13
	LSR $63, R9, R6
	BIC R10, R13, R13
	ORR R13, R8, R8
	ORR R11<<1, R7, R13
	LSR $63, R11, R7
	AND R9, R13, R13
	ORR R13, R8, R8

	ASR    $63, R4, R4
	BIC    R12, R10, R13
	MOVD.P R13, 8(R0)
	CBNZ   R12, found
	SUB    $64, R2, R2
	B      round

found:
	MOVD text_base+8(FP), R14
	SUB  R14, R1, R13
	SUB  $64, R13, R13
	RBIT R12, R12
	CLZ  R12, R12
	ADD  R12, R13, R13
	B    done

nowhere:
	MOVD $-1, R13

done:
	MOVD R4, 0(R3)
	MOVD R5, 8(R3)
	MOVD R6, 16(R3)
	MOVD R7, 24(R3)
	MOVD R8, 32(R3)
	MOVD R13, length+40(FP)
	RET
