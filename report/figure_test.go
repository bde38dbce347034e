package report

import (
	"math"
	"testing"
)

func TestPercent(t *testing.T) {
	tests := []struct {
		in   float64
		want string
	}{
		{0, "0 %"},
		{1, "100 %"},
		{0.674, "67.4 %"},
		{0.0268, "2.7 %"},
		{0.01, "1.0 %"},
		{0.0026, "0.26 %"},
		{0.00064, "0.06 %"},
		{0.00004, "0.004 %"},
		{0.0000964, "0.01 %"},
		{0.0000033, "0.0003 %"},
		{0.0000000001, "<0.0001 %"},
		{0.9996, ">99.9 %"},
		{0.99999999, ">99.9 %"},
		{0.999, "99.9 %"},
		{1.5, "150.0 %"},
		{-0.0026, "-0.26 %"},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			if got := percent(tt.in); got != tt.want {
				t.Errorf("percent(%v) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestGrouped(t *testing.T) {
	tests := []struct {
		in   int64
		want string
	}{
		{0, "0"},
		{999, "999"},
		{1000, "1,000"},
		{-123456, "-123,456"},
		{1203441, "1,203,441"},
		{math.MinInt64, "-9,223,372,036,854,775,808"},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			if got := grouped(tt.in); got != tt.want {
				t.Errorf("grouped(%d) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestSize(t *testing.T) {
	tests := []struct {
		in   int64
		want string
	}{
		{0, "0 B"},
		{999, "999 B"},
		{1000, "1.0 kB"},
		{9_949, "9.9 kB"},
		{9_951, "10 kB"},
		{118_412_345, "118 MB"},
		{999_600, "1.0 MB"},
		{1_312_345_678, "1.3 GB"},
		{math.MaxInt64, "9 EB"},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			if got := size(tt.in); got != tt.want {
				t.Errorf("size(%d) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestSparkline(t *testing.T) {
	tests := []struct {
		name        string
		in          []int64
		most        int
		want, ascii string
	}{
		{"scale", []int64{0, 1, 2, 3, 4, 5, 6, 7}, 8, "▁▂▃▄▅▆▇█", "_.--==##"},
		{"absent is not zero", []int64{-1, 0, 5, -1}, 4, "·▁█·", ":_#:"},
		{"one among many is seen", []int64{0, 1, 1_000_000}, 3, "▁▂█", "_.#"},
		{"all zero", []int64{0, 0}, 2, "▁▁", "__"},
		{"all absent", []int64{-1, -1}, 2, "··", "::"},
		{"nothing", nil, 5, "", ""},
		{"neighbours share", []int64{-1, -1, -1, 0, 2, 4, 6}, 4, "·▁▅█", ":_-#"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := narrowed(tt.in, tt.most, false); got != tt.want {
				t.Errorf("narrowed = %q, want %q", got, tt.want)
			}
			if got := narrowed(tt.in, tt.most, true); got != tt.ascii {
				t.Errorf("narrowed in ASCII = %q, want %q", got, tt.ascii)
			}
		})
	}
}

func TestRounded(t *testing.T) {
	tests := []struct {
		in   float64
		want string
	}{
		{0, "0"},
		{math.Copysign(0, -1), "0"},
		{1, "1"},
		{-3, "-3"},
		{0.5, "0.5"},
		{0.1 + 0.2, "0.3"},
		{1.0 / 3, "0.3333"},
		{0.0123456, "0.01235"},
		{0.000123456, "0.0001235"},
		{0.0000001234567, "1.235e-07"},
		{42.46813, "42.47"},
		{999.94, "999.9"},
		{999.96, "1,000.0"},
		{-1234.5678, "-1,234.6"},
		{1234567.89, "1,234,567.9"},
		{123456789012, "123,456,789,012"},
		{1e15, "1e+15"},
		{-math.MaxFloat64, "-1.798e+308"},
		{math.SmallestNonzeroFloat64, "4.941e-324"},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			if got := rounded(tt.in); got != tt.want {
				t.Errorf("rounded(%v) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestDuration(t *testing.T) {
	tests := []struct {
		in   float64
		want string
	}{
		{0, "0 ms"},
		{0.000001, "<0.01 ms"},
		{0.00042, "0.42 ms"},
		{0.000996, "1.0 ms"},
		{0.004, "4.0 ms"},
		{0.00994, "9.9 ms"},
		{0.00996, "10 ms"},
		{0.042, "42 ms"},
		{0.9994, "999 ms"},
		{0.9996, "1.00 s"},
		{2.91, "2.91 s"},
		{9.996, "10.0 s"},
		{29.97, "30.0 s"},
		{59.96, "1 m 00 s"},
		{63, "1 m 03 s"},
		{3599.4, "59 m 59 s"},
		{3599.6, "1 h 00 m"},
		{4000, "1 h 07 m"},
		{86369, "23 h 59 m"},
		{86370, "1 d 00 h"},
		{100 * 86400, "100 d 00 h"},
		{-1.5, "-1.50 s"},
		{1e300, "1e+300 s"},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			if got := duration(tt.in); got != tt.want {
				t.Errorf("duration(%v) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}
