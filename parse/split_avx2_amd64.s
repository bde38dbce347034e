#include "go_asm.h"
#include "textflag.h"

// At its lower half each of the newline and the backslash, elsewhere what no byte with
// that lower half is: a byte that finds itself here is one of the two.
DATA special<>+0(SB)/8, $0xffffffffffffffff
DATA special<>+8(SB)/8, $0xffffff5cff0affff
GLOBL special<>(SB), RODATA|NOPTR, $16

// BITS sets a bit of to for each byte of the block in Y0 and Y1 that is the one in of.
#define BITS(of, to) \
	VPCMPEQB  Y0, of, Y2 \
	VPCMPEQB  Y1, of, Y3 \
	VPMOVMSKB Y2, to     \
	VPMOVMSKB Y3, DX     \
	SHLQ      $32, DX    \
	ORQ       DX, to

// PLACE writes the place of the lowest bit of DX; of none, a place behind the block.
#define PLACE(i) \
	TZCNTQ DX, AX          \
	ADDL   BX, AX          \
	MOVL   AX, (4*(i))(DI) \
	BLSRQ  DX, DX

#define EIGHT(i) \
	PLACE(i)   \
	PLACE(i+1) \
	PLACE(i+2) \
	PLACE(i+3) \
	PLACE(i+4) \
	PLACE(i+5) \
	PLACE(i+6) \
	PLACE(i+7)

// func splitAVX2(fields *[maxFields + spareFields]span, text []byte) (length, n int)
//
// A block of 64 bytes a round.
//
//	carried:   R8 inside; 1 or 0 for the byte before: R9 it ends a field, opened it is an
//	           opening quote, R10 a closing one, R11 a backslash; R12 what is odd
//	the block: AX quotes and then closing ones, BX opening ones, R13 spaces and then ends,
//	           DX where fields begin, R14 the newline, R15 what is behind a backslash
//	places:    SI text, last the last whole block of it, DI the next place to write
//	constants: Y8 quotes, Y9 spaces, Y10 special, X11 ones, Y12 newlines, Y13 backslashes
TEXT ·splitAVX2(SB), NOSPLIT, $16-48
	MOVQ fields+0(FP), DI
	MOVQ text_base+8(FP), SI
	MOVQ text_len+16(FP), CX
	LEAQ -64(SI)(CX*1), CX
	MOVQ CX, last-8(SP)
	MOVQ $0, opened-16(SP)
	XORL R8, R8
	MOVL $1, R9            // as if a field had ended
	XORL R10, R10
	XORL R11, R11
	XORL R12, R12

	MOVQ           $0x2222222222222222, AX
	VMOVQ          AX, X8
	VPBROADCASTQ   X8, Y8
	MOVQ           $0x2020202020202020, AX
	VMOVQ          AX, X9
	VPBROADCASTQ   X9, Y9
	VBROADCASTI128 special<>(SB), Y10
	MOVQ           $0x0a0a0a0a0a0a0a0a, AX
	VMOVQ          AX, X12
	VPBROADCASTQ   X12, Y12
	MOVQ           $0x5c5c5c5c5c5c5c5c, AX
	VMOVQ          AX, X13
	VPBROADCASTQ   X13, Y13
	VPCMPEQB       X11, X11, X11

round:
	CMPQ    SI, last-8(SP)
	JGT     unusual
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	BITS(Y8, AX)
	BITS(Y9, R13)

	VPSHUFB   Y0, Y10, Y2
	VPSHUFB   Y1, Y10, Y3
	VPCMPEQB  Y0, Y2, Y2
	VPCMPEQB  Y1, Y3, Y3
	VPOR      Y2, Y3, Y2
	VPMOVMSKB Y2, R14
	MOVQ      R11, R15
	XORL      R11, R11
	TESTL     R14, R14
	JNZ       special

marked:
	// The parity of the quotes up to each byte is their product with ones, added without
	// carry: inside.
	VMOVQ      AX, X4
	VPCLMULQDQ $0, X11, X4, X4
	VMOVQ      X4, DX
	XORQ       DX, R8

	ANDNQ R13, R8, R13      // ends
	LEAQ  (R9)(R13*2), DX   // where fields begin
	MOVQ  R13, R9
	SHRQ  $63, R9
	MOVQ  AX, BX
	ANDQ  R8, BX            // opening quotes
	ANDNQ AX, R8, AX        // closing quotes

	MOVQ  DX, CX
	ANDQ  R13, CX
	ORQ   CX, R12           // odd if a field is empty
	ANDNQ BX, DX, CX
	ORQ   CX, R12           // if a quote opens where no field begins
	ANDQ  AX, R15
	ORQ   R15, R12          // if one closes behind a backslash
	LEAQ  (R10)(AX*2), CX   // behind closing quotes
	MOVQ  AX, R10
	SHRQ  $63, R10
	ANDNQ CX, R13, R15
	ORQ   R15, R12          // if one closes where no field ends
	MOVQ  opened-16(SP), R15
	LEAQ  (R15)(BX*2), R15  // behind opening quotes
	ANDNQ DX, BX, DX
	ORQ   R15, DX           // where the text of a field begins
	SHRQ  $63, BX
	MOVQ  BX, opened-16(SP)
	ANDQ  AX, R15
	ORQ   R15, R12          // odd if nothing is between two quotes
	ANDNQ R13, CX, R13
	ORQ   AX, R13           // where it ends
	ORQ   R13, DX
	SARQ  $63, R8

	// Nothing behind the newline counts; of none, BLSMSKQ makes ones.
	BLSMSKQ R14, CX
	ANDQ    CX, DX
	POPCNTQ DX, CX
	MOVQ    SI, BX
	SUBQ    text_base+8(FP), BX
	EIGHT(0)
	CMPQ    CX, $8
	JGT     more

written:
	LEAQ  (DI)(CX*4), DI
	MOVQ  fields+0(FP), BX
	LEAQ  (const_maxFields*8)(BX), BX
	CMPQ  DI, BX
	JGT   unusual
	ADDQ  $64, SI
	TESTQ R14, R14
	JZ    round

	ORQ    R8, R12          // odd if a quote is not closed
	JNZ    unusual
	TZCNTQ R14, AX
	LEAQ   -64(SI)(AX*1), AX
	SUBQ   text_base+8(FP), AX
	SUBQ   fields+0(FP), DI
	SHRQ   $3, DI
	JMP    done

more:
	EIGHT(8)
	CMPQ CX, $16
	JLE  written
	CMPQ CX, $32
	JGT  unusual
	EIGHT(16)
	EIGHT(24)
	JMP  written

special:
	BITS(Y13, R14)
	LEAQ (R15)(R14*2), R15
	MOVQ R14, R11
	SHRQ $63, R11
	BITS(Y12, R14)
	JZ   marked

	// Of the first newline on, nothing is text, and it ends a field as well.
	BLSIQ R14, R14
	LEAQ  -1(R14), DX
	ANDQ  DX, AX
	ANDQ  DX, R13
	ORQ   R14, R13
	JMP   marked

unusual:
	XORL AX, AX
	XORL DI, DI

done:
	VZEROUPPER
	MOVQ AX, length+32(FP)
	MOVQ DI, n+40(FP)
	RET
