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

// QUOTED finds the bytes between quotes: the parity of the quotes up to each byte, which
// is the product of the quotes with ones, added without carry.
#define QUOTED \
	VMOVQ      AX, X4            \
	VPCLMULQDQ $0, X11, X4, X4   \
	VMOVQ      X4, DX            \
	XORQ       DX, R8            \ // R8: inside
	ANDNQ      R13, R8, R13      \ // R13: ends
	LEAQ       (R9)(R13*2), BX   \ // BX: where fields begin
	MOVQ       R13, R9           \
	SHRQ       $63, R9

// FIELDS sets a bit where the text of each field begins and one behind it, and writes
// their places: the numbers of the bits, put next to each other.
#define FIELDS \
	MOVQ  BX, DX            \ // odd: an empty field
	ANDQ  R13, DX           \
	ORQ   DX, R12           \
	MOVQ  AX, DX            \
	ANDQ  R8, DX            \ // DX: opening quotes
	ANDNQ AX, R8, AX        \ // AX: closing quotes
	ANDNQ DX, BX, R14       \ // odd: an opening quote where no field begins
	ORQ   R14, R12          \
	XORQ  DX, BX            \ // the text of a quoted field begins behind its quote
	LEAQ  (CX)(DX*2), R14   \
	MOVQ  DX, CX            \
	SHRQ  $63, CX           \
	ORQ   R14, BX           \
	ANDQ  AX, R14           \ // odd: nothing between two quotes
	ORQ   R14, R12          \
	LEAQ  (R10)(AX*2), DX   \
	MOVQ  AX, R10           \
	SHRQ  $63, R10          \
	ANDNQ DX, R13, R14      \ // odd: a closing quote where no field ends
	ORQ   R14, R12          \
	ANDNQ R13, DX, R13      \ // the text of a quoted field ends before its quote
	ORQ   R13, BX           \
	ORQ   AX, BX            \
	SARQ  $63, R8           \
	KMOVQ         BX, K1         \
	VPCOMPRESSB.Z Z12, K1, Z1    \
	POPCNTQ       BX, DX         \
	VPMOVZXBD     X1, Z2         \
	VPADDD        Z13, Z2, Z2    \
	VMOVDQU32     Z2, (DI)       \
	VEXTRACTI128  $1, Y1, X1     \
	VPMOVZXBD     X1, Z2         \
	VPADDD        Z13, Z2, Z2    \
	VMOVDQU32     Z2, 64(DI)     \
	LEAQ          (DI)(DX*4), DI \
	CMPQ          DX, $32        \ // as many have been written
	JGT           unusual        \
	CMPQ          DI, R11        \
	JGT           unusual

// func splitWide(fields *[maxFields + spareFields]span, text []byte) (length, n int)
//
// A block of 64 bytes a round.
//
//	carried:   R8 inside, R9 ended, R10 closed, CX opened, R12 odd, as in marker
//	the block: AX quotes, R13 spaces, R14 special bytes
//	places:    SI text, R15 the last whole block of it, DI the next place to write,
//	           R11 where all fields have been written, Z13 where in the text the block is
//	constants: Z8 quotes, Z9 spaces, Z10 special, X11 ones, Z12 numbers, Z14 64
TEXT ·splitWide(SB), NOSPLIT, $0-48
	MOVQ fields+0(FP), DI
	MOVQ text_base+8(FP), SI
	MOVQ text_len+16(FP), CX
	LEAQ -64(SI)(CX*1), R15
	LEAQ (const_maxFields*8)(DI), R11
	XORL R8, R8
	MOVL $1, R9
	XORL R10, R10
	XORL R12, R12
	XORL CX, CX

	MOVL            $0x22, AX
	VPBROADCASTB    AX, Z8
	MOVL            $0x20, AX
	VPBROADCASTB    AX, Z9
	VBROADCASTI32X4 special<>(SB), Z10
	VPCMPEQB        X11, X11, X11
	VMOVDQU64       numbers<>(SB), Z12
	VPXORD          Z13, Z13, Z13
	MOVL            $64, AX
	VPBROADCASTD    AX, Z14

round:
	CMPQ      SI, R15
	JGT       unusual
	VMOVDQU64 (SI), Z0
	VPSHUFB   Z0, Z10, Z1
	VPCMPEQB  Z0, Z8, K1
	VPCMPEQB  Z0, Z9, K2
	VPCMPEQB  Z0, Z1, K3
	KMOVQ     K1, AX
	KMOVQ     K2, R13
	KTESTQ    K3, K3
	JNZ       last
	QUOTED
	FIELDS
	VPADDD    Z14, Z13, Z13
	ADDQ      $64, SI
	JMP       round

last:
	// Nothing behind the first newline counts, which ends a field as well. In front of it
	// stands no backslash.
	KMOVQ        K3, R14
	MOVL         $0x0a, BX
	VPBROADCASTB BX, Z1
	VPCMPEQB     Z0, Z1, K4
	KMOVQ        K4, BX
	BLSMSKQ      BX, DX
	BLSIQ        BX, BX
	ANDQ         DX, AX
	ANDQ         DX, R13
	ANDQ         DX, R14
	CMPQ         R14, BX
	JNE          unusual
	QUOTED
	ORQ          R14, R13
	FIELDS

	ORQ    R8, R12 // odd: a quote that is not closed
	JNZ    unusual
	KMOVQ  K4, AX
	TZCNTQ AX, AX
	ADDQ   SI, AX
	SUBQ   text_base+8(FP), AX
	SUBQ   fields+0(FP), DI
	SHRQ   $3, DI
	JMP    done

unusual:
	XORL AX, AX
	XORL DI, DI

done:
	VZEROUPPER
	MOVQ AX, length+32(FP)
	MOVQ DI, n+40(FP)
	RET
