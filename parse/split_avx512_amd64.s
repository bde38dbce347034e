#include "go_asm.h"
#include "textflag.h"

// The numbers 0 to 63, a byte each.
DATA numbers<>+0(SB)/8, $0x0706050403020100
DATA numbers<>+8(SB)/8, $0x0f0e0d0c0b0a0908
DATA numbers<>+16(SB)/8, $0x1716151413121110
DATA numbers<>+24(SB)/8, $0x1f1e1d1c1b1a1918
DATA numbers<>+32(SB)/8, $0x2726252423222120
DATA numbers<>+40(SB)/8, $0x2f2e2d2c2b2a2928
DATA numbers<>+48(SB)/8, $0x3736353433323130
DATA numbers<>+56(SB)/8, $0x3f3e3d3c3b3a3938
GLOBL numbers<>(SB), RODATA|NOPTR, $64

// At its lower half each of the newline and the backslash, elsewhere what no byte with
// that lower half is: a byte that finds itself here is one of the two.
DATA special<>+0(SB)/8, $0xffffffffffffffff
DATA special<>+8(SB)/8, $0xffffff5cff0affff
GLOBL special<>(SB), RODATA|NOPTR, $16

// MARKS sets a bit in X7 where the text of each field begins, and one behind it. The
// block has quotes in X4 and spaces in X5. The comments name the operands of VPTERNLOGQ
// as in (a &^ b) | c, the last one first.
#define MARKS \
	VPCLMULQDQ $0, X11, X4, X6      \ // the parity of the quotes up to each byte is their
	VPXORQ     X20, X6, X6          \ // product with ones, added without carry: inside
	VPSRAQ     $63, X6, X20         \
	VPANDNQ    X5, X6, X5           \ // ends
	VPSHLDQ    $1, X21, X5, X7      \ // behind ends
	VPSHLDQ    $1, X22, X4, X16     \ // behind quotes
	VMOVDQA64  X5, X21              \
	VMOVDQA64  X4, X22              \
	VPORQ      X5, X6, X17          \
	VPANDQ     X6, X4, X18          \
	VPTERNLOGQ $0xf4, X17, X16, X24 \ // odd behind a quote: neither inside nor an end
	VPTERNLOGQ $0xf4, X7, X18, X24  \ // odd if a quote opens where no field begins
	VPTERNLOGQ $0xf8, X7, X5, X24   \ // odd if a field is empty
	VPTERNLOGQ $0x96, X4, X5, X7    \ // places = ends ^ quotes ^ behind ends ^ behind
	VPXORQ     X16, X7, X7             // quotes, as in splitAVX2

// PLACES writes the places of the bits of BX: their numbers, put next to each other. Of
// more than 16 the rest is written by MORE, which comes back: few blocks have that many.
#define PLACES(more) \
	KMOVQ         BX, K1         \
	VPCOMPRESSB.Z Z12, K1, Z1    \
	POPCNTQ       BX, DX         \
	VPMOVZXBD     X1, Z2         \
	VPADDD        Z13, Z2, Z2    \
	VMOVDQU32     Z2, (DI)       \
	CMPQ          DX, $16        \
	JGT           more

#define MORE \
	CMPQ         DX, $32     \
	JGT          unusual     \
	VEXTRACTI128 $1, Y1, X1  \
	VPMOVZXBD    X1, Z2      \
	VPADDD       Z13, Z2, Z2 \
	VMOVDQU32    Z2, 64(DI)

// func splitAVX512(fields *[maxFields + spareFields]span, text []byte) (length, n int)
//
// A block of 64 bytes a round.
//
//	carried:   X20 inside, X21 ends and X22 quotes of the block before, X24 what is odd
//	places:    SI text, R15 the last whole block of it, DI the next place to write, R11
//	           the last at which that may be, with spareFields behind it, Z13 where in
//	           the text the block is
//	constants: Z8 quotes, Z9 spaces, Z10 special, X11 ones, Z12 numbers, Z14 64
TEXT ·splitAVX512(SB), NOSPLIT, $0-48
	MOVQ fields+0(FP), DI
	MOVQ text_base+8(FP), SI
	MOVQ text_len+16(FP), CX
	LEAQ -64(SI)(CX*1), R15
	LEAQ (const_maxFields*8)(DI), R11

	MOVL            $0x22, AX
	VPBROADCASTB    AX, Z8
	MOVL            $0x20, AX
	VPBROADCASTB    AX, Z9
	VBROADCASTI32X4 special<>(SB), Z10
	VPTERNLOGD      $0xff, X11, X11, X11
	VMOVDQU64       numbers<>(SB), Z12
	VPXORD          Z13, Z13, Z13
	MOVL            $64, AX
	VPBROADCASTD    AX, Z14
	VPXORD          X20, X20, X20
	VMOVDQA64       X11, X21        // as if a field had ended
	VPXORD          X22, X22, X22
	VPXORD          X24, X24, X24

round:
	CMPQ      SI, R15
	JGT       unusual
	VMOVDQU64 (SI), Z0
	VPSHUFB   Z0, Z10, Z1
	VPCMPEQB  Z0, Z8, K1
	VPCMPEQB  Z0, Z9, K2
	VPCMPEQB  Z0, Z1, K3
	KMOVQ     K1, AX
	KMOVQ     K2, BX
	KTESTQ    K3, K3
	JNZ       last
	VMOVQ     AX, X4
	VMOVQ     BX, X5
	MARKS
	VMOVQ     X7, BX
	PLACES(more)
written:
	LEAQ      (DI)(DX*4), DI
	CMPQ      DI, R11
	JGT       unusual
	VPADDD    Z14, Z13, Z13
	ADDQ      $64, SI
	JMP       round

more:
	MORE
	JMP written

last:
	// Nothing behind the first newline counts, which ends a field as well. A backslash in
	// front of it makes the line unusual.
	KMOVQ        K3, R8
	MOVL         $0x0a, R9
	VPBROADCASTB R9, Z1
	VPCMPEQB     Z0, Z1, K4
	KMOVQ        K4, R9
	BLSMSKQ      R9, R10
	BLSIQ        R9, R9
	ANDQ         R10, AX
	ANDQ         R10, BX
	ANDQ         R10, R8
	CMPQ         R8, R9
	JNE          unusual
	ORQ          R9, BX
	VMOVQ        AX, X4
	VMOVQ        BX, X5
	MARKS
	VMOVQ        X7, BX
	ANDQ         R10, BX
	PLACES(moreOfLast)
writtenLast:
	LEAQ (DI)(DX*4), DI
	CMPQ DI, R11
	JGT  unusual

	VPORQ  X20, X24, X24           // or if a quote is not closed
	VMOVQ  X24, AX
	TESTQ  AX, AX
	JNZ    unusual
	TZCNTQ R9, AX
	ADDQ   SI, AX
	SUBQ   text_base+8(FP), AX
	SUBQ   fields+0(FP), DI
	SHRQ   $3, DI
	JMP    done

moreOfLast:
	MORE
	JMP writtenLast

unusual:
	XORL AX, AX
	XORL DI, DI

done:
	VZEROUPPER
	MOVQ AX, length+32(FP)
	MOVQ DI, n+40(FP)
	RET
