#include "textflag.h"

// func markVectors(m *marks, text []byte, state *marker) (length int)
//
// As markWordwise, with a block of 64 bytes a round. Needs AVX2, BMI1 and PCLMULQDQ.
//
//	state:     R8 inside, R9 ended, R10 closed, R11 backslash, R12 odd
//	the block: AX quotes, R13 spaces and then ends, R15 backslashes, R14 stop
//	places:    SI text, CX how much is left of it, DI marks
//	constants: Y8 quotes, Y9 spaces, Y10 backslashes, Y12 newlines, X11 ones
TEXT ·markVectors(SB), NOSPLIT, $0-48
	MOVQ m+0(FP), DI
	MOVQ text_base+8(FP), SI
	MOVQ text_len+16(FP), CX
	MOVQ state+32(FP), BX
	MOVQ 0(BX), R8
	MOVQ 8(BX), R9
	MOVQ 16(BX), R10
	MOVQ 24(BX), R11
	MOVQ 32(BX), R12

	MOVQ         $0x2222222222222222, AX
	VMOVQ        AX, X8
	VPBROADCASTQ X8, Y8
	MOVQ         $0x2020202020202020, AX
	VMOVQ        AX, X9
	VPBROADCASTQ X9, Y9
	MOVQ         $0x5c5c5c5c5c5c5c5c, AX
	VMOVQ        AX, X10
	VPBROADCASTQ X10, Y10
	MOVQ         $0x0a0a0a0a0a0a0a0a, AX
	VMOVQ        AX, X12
	VPBROADCASTQ X12, Y12
	VPCMPEQB     X11, X11, X11

round:
	CMPQ    CX, $64
	JLT     nowhere
	VMOVDQU 0(SI), Y0
	VMOVDQU 32(SI), Y1

	VPCMPEQB  Y0, Y8, Y2
	VPCMPEQB  Y1, Y8, Y3
	VPMOVMSKB Y2, AX
	VPMOVMSKB Y3, DX
	SHLQ      $32, DX
	ORQ       DX, AX

	VPCMPEQB  Y0, Y9, Y4
	VPCMPEQB  Y1, Y9, Y5
	VPMOVMSKB Y4, R13
	VPMOVMSKB Y5, DX
	SHLQ      $32, DX
	ORQ       DX, R13

	VPCMPEQB  Y0, Y10, Y6
	VPCMPEQB  Y1, Y10, Y7
	VPMOVMSKB Y6, R15
	VPMOVMSKB Y7, DX
	SHLQ      $32, DX
	ORQ       DX, R15

	VPCMPEQB  Y0, Y12, Y2
	VPCMPEQB  Y1, Y12, Y3
	VPMOVMSKB Y2, R14
	VPMOVMSKB Y3, DX
	SHLQ      $32, DX
	ORQ       DX, R14
	JZ        marked

	// Nothing behind the first newline counts, which ends a field as well.
	MOVQ R14, DX
	NEGQ DX
	ANDQ DX, R14
	LEAQ -1(R14), DX
	ANDQ DX, AX
	ANDQ DX, R13
	ANDQ DX, R15
	ORQ  R14, R13

marked:
	// The parity of the quotes is their product with ones, added without carry.
	VMOVQ      AX, X4
	VPCLMULQDQ $0, X11, X4, X4
	VMOVQ      X4, DX
	XORQ       DX, R8

	// R13: ends. DX: where fields begin.
	ANDNQ R13, R8, R13
	LEAQ  (R9)(R13*2), DX
	MOVQ  R13, R9
	SHRQ  $63, R9

	// AX: closing quotes, BX: opening quotes. Odd: an opening quote where no field
	// begins, and an empty field.
	MOVQ  AX, BX
	ANDQ  R8, BX
	ANDNQ AX, R8, AX
	ANDNQ BX, DX, BX
	ORQ   BX, R12
	ANDQ  R13, DX
	ORQ   DX, R12

	// Odd: a closing quote where no field ends, and one behind a backslash.
	LEAQ  (R10)(AX*2), DX
	MOVQ  AX, R10
	SHRQ  $63, R10
	ANDNQ DX, R13, DX
	ORQ   DX, R12
	LEAQ  (R11)(R15*2), DX
	MOVQ  R15, R11
	SHRQ  $63, R11
	ANDQ  AX, DX
	ORQ   DX, R12

	SARQ $63, R8
	ANDNQ R13, R14, DX
	MOVQ  DX, 0(DI)
	TESTQ R14, R14
	JNZ  found
	ADDQ $8, DI
	ADDQ $64, SI
	SUBQ $64, CX
	JMP  round

found:
	BSFQ R14, AX
	ADDQ SI, AX
	SUBQ text_base+8(FP), AX
	JMP  done

nowhere:
	MOVQ $-1, AX

done:
	VZEROUPPER
	MOVQ state+32(FP), BX
	MOVQ R8, 0(BX)
	MOVQ R9, 8(BX)
	MOVQ R10, 16(BX)
	MOVQ R11, 24(BX)
	MOVQ R12, 32(BX)
	MOVQ AX, length+40(FP)
	RET
