package query

import (
	"strings"
	"testing"

	"loglens/parse"
)

func TestRoute(t *testing.T) {
	for _, c := range []struct{ request, want string }{
		{"GET https://a.example:443/v2/orders/4711/items HTTP/1.1", "/v2/orders/{id}/items"},
		{"GET https://a.example:443/ HTTP/1.1", "/"},
		{"GET https://a.example:443 HTTP/1.1", "/"},
		{"GET https://a.example:443/?q=/a/1 HTTP/1.1", "/"},
		{"GET https://a.example:443/u/0e9d4c1f-9a2b-4f6c-8d3e-9a77e01c0001/x HTTP/2.0", "/u/{uuid}/x"},
		{"GET https://a.example:443/r/2026-11-22/2026.csv HTTP/1.1", "/r/{date}/{id}.csv"},
		{"GET https://a.example:443/c/deadbeef01 HTTP/1.1", "/c/{hex}"},
		{"GET https://a.example:443/c/deadbeef HTTP/1.1", "/c/deadbeef"},
		{"GET https://a.example:443/js/main.4711.chunk.js#top HTTP/1.1", "/js/main.{id}.chunk.js"},
		{"GET https://a.example:443/t/Zm9vYmFyYmF6cXV4MTIzNDU HTTP/1.1", "/t/{token}"},
		{"GET https://a.example:443/session/eyJhbGciOiJub25lIn0.eyJzdWIiOiJqYW5lIn0. HTTP/1.1", "/session/{token}"},
		{"GET https://a.example:443/session/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqYW5lIn0.ab-c_d HTTP/1.1", "/session/{token}"},
		{"GET https://a.example:443/js/eyJ.js HTTP/1.1", "/js/eyJ.js"},
		{"GET https://a.example:443/keys/AKIAIOSFODNNEXAMPLEX HTTP/1.1", "/keys/{token}"},
		{"GET https://a.example:443/keys/ASIAIOSFODNNEXAMPLEX HTTP/1.1", "/keys/{token}"},
		{"GET https://a.example:443/u/jane.doe@mail.example/x HTTP/1.1", "/u/{email}/x"},
		{"GET https://a.example:443/u/jane%40mail.example?sig=abc HTTP/1.1", "/u/{email}"},
		{"GET https://a.example:443/u/jane@163.com HTTP/1.1", "/u/{email}"},
		{"GET https://a.example:443/@scope/pkg@next HTTP/1.1", "/@scope/pkg@next"},
		{"GET https://a.example:443/vue@3.2.1.min.js HTTP/1.1", "/vue@{id}.{id}.{id}.min.js"},
		{"GET https://jane:pass@a.example:443/x?token=abc HTTP/1.1", "/x"},
		{"GET https://a.example:443/order-12345/page_2 HTTP/1.1", "/order-{id}/page_{id}"},
		{"POST https://a.example:443/shop.v1.Inventory/Reserve HTTP/2.0", "/shop.v1.Inventory/Reserve"},
		{"GET https://a.example:443/garden hose/red shoes 7 HTTP/1.1", "/garden hose/red shoes 7"},
		{"GET https://a.example:443/%2e%2e/x\xff HTTP/1.1", "/%2e%2e/x\\xFF"},
		{"GET https://a.example:443/" + strings.Repeat("ab/", 100) + " HTTP/1.1", "/" + strings.Repeat("ab/", 66) + "a..."},
		{"- http://a.example:80- -", ""},
		{"- - - ", ""},
	} {
		line := `h2 2026-10-07T07:15:01.101682Z app/a/1 198.51.100.7:65530 - -1 -1 -1 503 - 0 0 "` + c.request + `" "-"`
		a := newArena(arenaSize)
		var p parse.Parser
		e := p.Parse([]byte(line))
		if e == nil {
			t.Fatalf("%q is no entry", line)
		}
		if got := string(a.clean(a.route(e))); got != c.want {
			t.Errorf("%q: route %q, want %q", c.request, got, c.want)
		}
		a.close()
	}
}

func TestNetwork(t *testing.T) {
	a := newArena(arenaSize)
	defer a.close()
	for ip, want := range map[string]string{
		"198.51.100.7": "198.51.100.0/24", "2001:db8:1f14:a1::17": "2001:db8:1f14::/48",
		"::ffff:198.51.100.7": "198.51.100.0/24", "-": "", "nonsense": "", "": "",
	} {
		if got := string(a.network([]byte(ip))); got != want {
			t.Errorf("%s: %q, want %q", ip, got, want)
		}
	}
}
