package demo

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// balancer is one load balancer of the demo's world. Addresses are of the
// blocks set aside for documentation, benchmarks and private use.
type balancer struct {
	kind            Kind // of its own log: KindAccess, KindNLB or KindClassic
	account, region string
	name, id        string        // a Classic Load Balancer has no id
	elb             string        // "app/name/id", "net/name/id", "name"
	share           float64       // of all requests; of a Network Load Balancer's connections, as many as requests
	interval        time.Duration // of its logs
	hosts           []string
	nodes           []string
	spare           string   // a node that replaced another
	groups          []*group // of a Classic one: the instances behind HTTP, and those behind TCP if it has any
	clients         []string
	cert            string   // ARN
	tls             int      // in tlsVersions: what most clients agree on
	mutual          bool     // clients show certificates
	plain           float64  // share of the requests that come over plain HTTP
	listeners       []string // ids, of a Network Load Balancer; "http", "https", "tcp" of a Classic one
}

// group is a target group behind a balancer.
type group struct {
	name     string
	arn      string
	share    float64 // of the balancer's requests
	kinds    []string
	targets  []string // "ip:port"; none for a Lambda function
	function string   // ARN of the Lambda function
	actions  string
	rule     string
	paths    []string
	protocol string // of health checks
}

// newWorld returns the balancers: first the Application Load Balancers, whose
// shares add up to 1, then the others. Names, ids, nodes and targets are always
// the same; the clients follow the seed.
func newWorld(seed int64) []*balancer {
	web := []string{"h2", "h2", "https", "http"}
	balancers := []*balancer{
		{
			account: "111122223333", region: "eu-central-1", name: "shop-prod", id: "50dc6c495c0c9188", share: 0.48,
			hosts: []string{"www.shop.example.com", "shop.example.com", "img.shop.example.com"},
			nodes: []string{"203.0.113.11", "203.0.113.54", "203.0.113.128", "203.0.113.201"}, spare: "203.0.113.77",
			groups: []*group{
				{name: "shop-web", arn: "73e2d6bc24d8a067", share: 0.68, kinds: web, targets: addresses(32, 14, 8080), rule: "10", protocol: "http",
					paths: []string{"/", "/product/%d", "/cart/items/%d", "/category/garden-furniture/%d", "/assets/js/main.%d.chunk.js", "/api/v1/customers/%d/recommendations"}},
				{name: "shop-checkout", arn: "c0ffee495c0c1b2d", share: 0.14, kinds: web, targets: addresses(40, 4, 8443), rule: "20", protocol: "https",
					paths: []string{"/checkout/%d/address", "/checkout/%d/payment", "/checkout/%d/confirm"}},
				{name: "shop-search", arn: "9a1be2cc4fd03a55", share: 0.13, kinds: web, targets: addresses(48, 6, 9200), rule: "30", protocol: "http",
					paths: []string{"/search?page=%d", "/search/suggest?n=%d"}},
				{name: "shop-thumbs", arn: "0b7f34a6e1d2c399", share: 0.05, kinds: web, rule: "40", protocol: "lambda",
					paths: []string{"/thumbs/%d/640x480.webp"}},
			},
		},
		{
			account: "111122223333", region: "eu-central-1", name: "api-prod", id: "8f14e45fceea167a", share: 0.30,
			hosts: []string{"api.example.com"},
			nodes: []string{"203.0.113.19", "203.0.113.90", "203.0.113.177"}, spare: "203.0.113.78",
			groups: []*group{
				{name: "api-v2", arn: "45c48cce2e2d7fbd", share: 0.82, kinds: []string{"https", "h2", "https"}, rule: "100", protocol: "http",
					targets: append(addresses(64, 6, 8080), "2001:db8:1f14:a1::17:8080", "2001:db8:1f14:a2:8c:0:0:21:8080"),
					paths:   []string{"/v2/orders/%d", "/v2/orders/%d/items", "/v2/customers/%d", "/v2/stock?sku=%d", "/v2/invoices/%d.pdf"}},
				{name: "api-grpc", arn: "d3d9446802a44259", share: 0.18, kinds: []string{"grpcs"}, rule: "110", protocol: "grpc",
					targets: addresses(80, 3, 50051), paths: []string{"/shop.v1.Inventory/Reserve", "/shop.v1.Pricing/Quote"}},
			},
		},
		{
			account: "444455556666", region: "us-east-1", name: "internal-admin", id: "6512bd43d9caa6e0", share: 0.07,
			hosts: []string{"admin.corp.example.com"},
			nodes: []string{"10.20.1.14", "10.20.2.201"}, spare: "10.20.3.8",
			groups: []*group{
				{name: "admin-web", arn: "c20ad4d76fe97759", share: 0.85, kinds: []string{"https", "h2"}, targets: addresses(96, 3, 8080), rule: "0",
					actions: "authenticate,forward", protocol: "http", paths: []string{"/admin/orders?after=%d", "/admin/users/%d", "/admin/dashboard"}},
				{name: "admin-reports", arn: "c51ce410c124a10e", share: 0.15, kinds: []string{"https"}, targets: addresses(97, 2, 8090), rule: "50",
					actions: "authenticate,forward", protocol: "http", paths: []string{"/reports/%d.csv"}},
			},
		},
		{
			account: "444455556666", region: "us-east-1", name: "partner-gw", id: "aab3238922bcc25a", share: 0.15, mutual: true,
			hosts: []string{"partners.example.com"},
			nodes: []string{"198.51.100.23", "198.51.100.61", "198.51.100.209"}, spare: "198.51.100.99",
			groups: []*group{
				{name: "partner-api", arn: "9bf31c7ff062936a", share: 1, kinds: []string{"https"}, targets: addresses(112, 5, 8080), rule: "5",
					actions: "waf,forward", protocol: "http", paths: []string{"/partners/%d/feed.xml", "/partners/%d/orders", "/oauth/token"}},
			},
		},
		{
			kind: KindNLB, account: "444455556666", region: "us-east-1", name: "edge-tls", id: "c9f0f895fb98ab91", share: 0.03,
			hosts:     []string{"mqtt.example.com", "telemetry.example.com"},
			nodes:     []string{"198.51.100.80", "198.51.100.140", "198.51.100.180"},
			listeners: []string{"g3d4b5e8bb8464cd", "7f21a9c05e13d8b6"},
		},
		{
			kind: KindClassic, account: "111122223333", region: "eu-central-1", name: "legacy-shop", share: 0.03,
			hosts:     []string{"old.shop.example.com"},
			nodes:     []string{"203.0.113.33", "203.0.113.140"},
			listeners: []string{"http", "https"},
			groups:    []*group{{targets: addresses(128, 4, 80), paths: []string{"/index.php?page=%d", "/catalog/%d", "/"}}},
		},
		{
			kind: KindClassic, account: "111122223333", region: "eu-central-1", name: "legacy-mail", share: 0.02, interval: LongInterval,
			hosts:     []string{"mail.example.com"},
			nodes:     []string{"203.0.113.42", "203.0.113.150"},
			listeners: []string{"tcp", "http"},
			groups: []*group{
				{targets: addresses(144, 2, 8080), paths: []string{"/webmail/inbox?page=%d", "/webmail/login"}},
				{targets: addresses(152, 3, 25), protocol: "tcp"},
			},
		},
	}
	for i, b := range balancers {
		if b.kind == "" {
			b.kind = KindAccess
		}
		if b.interval == 0 {
			b.interval = Interval
		}
		switch b.kind {
		case KindAccess:
			b.elb = "app/" + b.name + "/" + b.id
		case KindNLB:
			b.elb = "net/" + b.name + "/" + b.id
		default:
			b.elb = b.name
		}
		b.cert = fmt.Sprintf("arn:aws:acm:%s:%s:certificate/%08x-0e9d-4c1f-9a2b-%012x", b.region, b.account, 0x5f3c1a20+i, 0x9a77e01c00+int64(i))
		b.tls = i % len(tlsVersions)
		for _, g := range b.groups {
			g.complete(b)
		}
		rng := rand.New(rand.NewPCG(uint64(seed), uint64(i)<<32|0xc11e47))
		b.clients = clients(rng, 4000)
	}
	return balancers
}

// complete fills in what follows from the rest, and adds the group to b's sums.
func (g *group) complete(b *balancer) {
	if len(g.targets) == 0 {
		g.function = fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", b.region, b.account, g.name)
	}
	g.arn = fmt.Sprintf("arn:aws:elasticloadbalancing:%s:%s:targetgroup/%s/%s", b.region, b.account, g.name, g.arn)
	if g.actions == "" {
		g.actions = "forward"
	}
	for _, k := range g.kinds {
		if k == "http" {
			b.plain += g.share / float64(len(g.kinds))
		}
	}
}

// tlsVersions are what clients and balancers agree on.
var tlsVersions = []struct{ name, cipher string }{
	{"TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256"},
	{"TLSv1.3", "TLS_AES_128_GCM_SHA256"},
}

// addresses returns n targets in private subnets, spread over two zones.
func addresses(subnet, n, port int) []string {
	a := make([]string, n)
	for i := range a {
		a[i] = fmt.Sprintf("10.0.%d.%d:%d", subnet+i%2, 18+7*i, port)
	}
	return a
}

// clients returns n client addresses, one in seven of them IPv6.
func clients(rng *rand.Rand, n int) []string {
	c := make([]string, n)
	for i := range c {
		if i%7 == 3 {
			c[i] = fmt.Sprintf("2001:db8:%x:%x:%x:%x:%x:%x", rng.IntN(0xffff)+1, rng.IntN(0xffff)+1, rng.IntN(0xffff)+1, rng.IntN(0xffff)+1, rng.IntN(0xffff)+1, rng.IntN(0xffff)+1)
			continue
		}
		c[i] = fmt.Sprintf("198.%d.%d.%d", 18+rng.IntN(2), rng.IntN(256), 1+rng.IntN(254))
	}
	return c
}
