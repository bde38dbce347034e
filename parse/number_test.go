package parse

import (
	"strings"
	"testing"
)

func TestStatus(t *testing.T) {
	for _, test := range []struct {
		in   string
		want int
		ok   bool
	}{
		{"200", 200, true}, {"000", 0, true}, {"0", 0, true}, {"-", Absent, true}, {"", Absent, true},
		{"1000", 0, false}, {"-1", 0, false}, {"2x", 0, false}, {"+20", 0, false}, {" 20", 0, false},
	} {
		if got, ok := status([]byte(test.in)); ok != test.ok || ok && got != test.want {
			t.Errorf("status(%q) = %d, %t; want %d, %t", test.in, got, ok, test.want, test.ok)
		}
	}
}

func TestInteger(t *testing.T) {
	for _, test := range []struct {
		in   string
		want int64
		ok   bool
	}{
		{"0", 0, true}, {"8264", 8264, true}, {"999999999999999999", 999999999999999999, true},
		{"-", Absent, true}, {"-1", Absent, true}, {"-1.0", Absent, true},
		{"", 0, false}, {"1000000000000000000", 0, false}, {"-2", 0, false}, {"1.5", 0, false}, {"0x1", 0, false},
	} {
		if got, ok := integer([]byte(test.in)); ok != test.ok || ok && got != test.want {
			t.Errorf("integer(%q) = %d, %t; want %d, %t", test.in, got, ok, test.want, test.ok)
		}
	}
}

func TestDecimal(t *testing.T) {
	for _, test := range []struct {
		in   string
		want float64
		ok   bool
	}{
		{"0.159", 0.159, true}, {"9.999", 9.999, true}, {"60.002", 60.002, true}, {"0", 0, true}, {"3600", 3600, true},
		{"1.121980746", 1.121980746, true}, {"123456.123456789", 123456.123456789, true}, {"123456789012345", 123456789012345, true},
		{"-", Absent, true}, {"-1", Absent, true}, {"-1.000", Absent, true},
		{"1234567890123456", 0, false}, {"0.1234567890", 0, false}, {"1.", 0, false}, {".1", 0, false}, {".1234", 0, false},
		{"1.2.3", 0, false}, {"0.1x9", 0, false}, {"x.123", 0, false}, {"-.123", 0, false}, {"-1.", 0, false}, {"-1.5", 0, false},
		{"-2", 0, false}, {"1e3", 0, false}, {"", 0, false}, {"1,5", 0, false},
	} {
		if got, ok := decimal([]byte(test.in)); ok != test.ok || ok && got != test.want {
			t.Errorf("decimal(%q) = %v, %t; want %v, %t", test.in, got, ok, test.want, test.ok)
		}
	}
}

func TestAddressLike(t *testing.T) {
	for _, test := range []struct {
		in   string
		want bool
	}{
		{"198.51.100.7:65530", true}, {"2001:db8::1:443", true}, {"[2001:db8::1]:443", true}, {"-", true},
		{strings.Repeat("a", 64), true}, {strings.Repeat("a", 65), false}, {"", false}, {"-1", false}, {"1-", false},
		{"host:80", false}, {"198.51.100.7 ", false}, {"\xff", false},
	} {
		if got := addressLike([]byte(test.in)); got != test.want {
			t.Errorf("addressLike(%q) = %t, want %t", test.in, got, test.want)
		}
	}
}
