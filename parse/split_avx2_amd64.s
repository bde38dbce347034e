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

#define FOUR(i) \
	PLACE(i)   \
	PLACE(i+1) \
	PLACE(i+2) \
	PLACE(i+3)

// func splitAVX2(fields *[maxFields + spareFields]span, text []byte) (length, n int)
//
// First a block of 64 bytes a round is marked: a bit for each byte at which a field begins
// or ends. Then the places of these are written down. In one go, what is guessed wrong of
// how many there are in a block would be known only when all of it is marked.
//
//	carried:   R8 inside; 1 or 0 for the byte before: R9 it ends a field, R10 it is a
//	           quote; R12 what is odd
//	the block: AX quotes, R13 spaces and then ends, R14 the newline; BX behind ends, CX
//	           behind quotes
//	text:      SI the block, last the last whole one; DI where its marks go
//	constants: Y8 quotes, Y9 spaces, Y10 special, X11 ones, Y12 newlines, Y13 backslashes
//	writing:   R8 the block's marks, R9 behind those of the last, BX the block's place, DI
//	           the next place to write, R10 behind the last
TEXT ·splitAVX2(SB), NOSPLIT, $520-48
	LEAQ marks-520(SP), DI
	MOVQ text_base+8(FP), SI
	MOVQ text_len+16(FP), CX
	LEAQ -64(SI)(CX*1), CX
	MOVQ CX, last-8(SP)
	XORL R8, R8
	MOVL $1, R9            // as if a field had ended
	XORL R10, R10
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

mark:
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
	TESTL     R14, R14
	JNZ       special

marked:
	// The parity of the quotes up to each byte is their product with ones, added without
	// carry: inside, from an opening quote to the byte before the closing one.
	VMOVQ      AX, X4
	VPCLMULQDQ $0, X11, X4, X4
	VMOVQ      X4, DX
	XORQ       DX, R8
	ANDNQ      R13, R8, R13     // ends

	LEAQ (R9)(R13*2), BX        // behind ends
	MOVQ R13, R9
	SHRQ $63, R9
	LEAQ (R10)(AX*2), CX        // behind quotes
	MOVQ AX, R10
	SHRQ $63, R10

	MOVQ  R8, DX
	ORQ   R13, DX
	ANDNQ CX, DX, DX
	ORQ   DX, R12               // odd behind a quote: neither inside nor an end
	MOVQ  AX, DX
	ANDQ  R8, DX
	ANDNQ DX, BX, DX
	ORQ   DX, R12               // odd if a quote opens where no field begins
	MOVQ  R13, DX
	ANDQ  BX, DX
	ORQ   DX, R12               // odd if a field is empty

	// A field begins behind an end, and ends there. A quote takes this from its side of the
	// field, and gives it to the other.
	XORQ R13, AX
	XORQ BX, AX
	XORQ CX, AX
	MOVQ AX, (DI)
	ADDQ $8, DI
	SARQ $63, R8
	ADDQ $64, SI
	TESTQ R14, R14
	JZ   mark

	ORQ     R8, R12             // odd if a quote is not closed
	JNZ     unusual
	BLSMSKQ R14, DX
	ANDQ    DX, -8(DI)          // nothing behind the newline counts
	MOVQ    DI, R9
	LEAQ    marks-520(SP), R8
	MOVQ    fields+0(FP), DI
	LEAQ    (const_maxFields*8)(DI), R10
	XORL    BX, BX

write:
	MOVQ    (R8), DX
	POPCNTQ DX, CX
	FOUR(0)
	CMPQ    CX, $4
	JGT     more

written:
	LEAQ (DI)(CX*4), DI
	CMPQ DI, R10
	JGT  unusual
	ADDQ $64, BX
	ADDQ $8, R8
	CMPQ R8, R9
	JNE  write

	TZCNTQ R14, AX
	LEAQ   -64(BX)(AX*1), AX
	SUBQ   fields+0(FP), DI
	SHRQ   $3, DI
	JMP    done

more:
	FOUR(4)
	CMPQ CX, $8
	JLE  written
	FOUR(8)
	FOUR(12)
	CMPQ CX, $16
	JLE  written
	CMPQ CX, $32
	JGT  unusual
	FOUR(16)
	FOUR(20)
	FOUR(24)
	FOUR(28)
	JMP  written

special:
	BITS(Y13, CX)
	BITS(Y12, R14)
	JZ    unusual               // a backslash
	BLSIQ R14, R14
	LEAQ  -1(R14), DX
	TESTQ DX, CX
	JNZ   unusual
	ANDQ  DX, AX                // of the newline on, nothing is text
	ANDQ  DX, R13
	ORQ   R14, R13              // and it ends a field as well
	JMP   marked

unusual:
	XORL AX, AX
	XORL DI, DI

done:
	VZEROUPPER
	MOVQ AX, length+32(FP)
	MOVQ DI, n+40(FP)
	RET
