package driver

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// echo is a dialect whose verdicts tell what text they are on, and that counts
// how often it is asked.
type echo struct {
	asked *int
	pad   int // bytes that each verdict takes
}

func (echo) Name() string { return "echo" }

func (d echo) Classify(sql string) sqlguard.Verdict {
	if d.asked != nil {
		*d.asked++
	}
	return sqlguard.Verdict{Class: sqlguard.Read, Why: "on " + sql + strings.Repeat("x", d.pad)}
}

// content counts what a cache holds.
func content(c *cache) (entries, bytes int) {
	for i := range c.sets {
		for j := range c.sets[i] {
			if e := c.sets[i][j].Load(); e != nil {
				entries++
				bytes += e.size
			}
		}
	}
	return entries, bytes
}

func TestATextIsKeptWhenItIsSeenForTheSecondTime(t *testing.T) {
	asked := 0
	c, d := newCache(), echo{asked: &asked}
	for sight, want := range []int{1, 2, 2, 2} {
		if v := c.classify(d, "SELECT 1"); v.Why != "on SELECT 1" {
			t.Fatalf("the verdict is %q", v.Why)
		}
		if asked != want {
			t.Errorf("at sight %d the dialect was asked %d times, want %d", sight+1, asked, want)
		}
	}
	if v := c.classify(d, "SELECT 2"); v.Why != "on SELECT 2" {
		t.Errorf("another text has the verdict %q", v.Why)
	}
}

func TestAHitAllocatesNothing(t *testing.T) {
	c, d := newCache(), sqlguard.Dialect(echo{})
	c.classify(d, "SELECT 1")
	c.classify(d, "SELECT 1")
	if n := testing.AllocsPerRun(100, func() { c.classify(d, "SELECT 1") }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func TestACacheHasBounds(t *testing.T) {
	for _, tt := range []struct {
		name   string
		pad    int
		sights int
		texts  int
		full   bool // it holds as much as it may, or nearly
	}{
		{"of entries, where they are small", 0, 2, 50_000, true},
		{"of bytes, where they are large", 20_000, 2, 5_000, true},
		{"and keeps nothing that comes once", 0, 1, 50_000, false},
		{"and keeps no verdict that is too large", maxCachedEntry, 2, 100, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, d := newCache(), echo{pad: tt.pad}
			for i := range tt.texts {
				for range tt.sights {
					c.classify(d, fmt.Sprintf("SELECT %d", i))
				}
			}
			entries, bytes := content(c)
			if entries > cacheEntries || bytes > cacheBytes || bytes != c.room.bytes {
				t.Errorf("it holds %d entries of %d bytes, and counts %d", entries, bytes, c.room.bytes)
			}
			if full := entries > cacheEntries*9/10 || bytes > cacheBytes*9/10; full != tt.full || !full && entries > 0 {
				t.Errorf("it holds %d entries of %d bytes; full is %t, want %t", entries, bytes, full, tt.full)
			}
		})
	}
	c := newCache()
	long := "SELECT '" + strings.Repeat("x", maxCachedText) + "'"
	for range 3 {
		c.classify(echo{}, long)
	}
	if entries, _ := content(c); entries != 0 {
		t.Error("a text that is too long is kept")
	}
}

func TestUsefulTextsStay(t *testing.T) {
	for _, sights := range []int{1, 2} {
		t.Run(fmt.Sprintf("among texts that come %d times", sights), func(t *testing.T) {
			asked := 0
			c, d := newCache(), echo{}
			useful := func() (asks int) {
				asked = 0
				for i := range 200 {
					c.classify(echo{asked: &asked}, fmt.Sprintf("SELECT useful %d", i))
				}
				return asked
			}
			useful()
			useful()
			worst := 0
			for i := range 50_000 {
				for range sights {
					c.classify(d, fmt.Sprintf("SELECT %d", i))
				}
				if i%1000 == 0 {
					worst = max(worst, useful())
				}
			}
			if worst > 4 { // a set may be crowded by chance

				t.Errorf("up to %d of 200 useful texts were judged anew", worst)
			}
		})
	}
}

// The hash of a long text does not read its middle; the comparison has to.
func TestLongTextsThatDifferInTheMiddleAreToldApart(t *testing.T) {
	c := newCache()
	side := strings.Repeat("x", 2*sample)
	for range 3 {
		for i := range 20 {
			text := fmt.Sprintf("%s%d%s", side, i+10, side)
			if v := c.classify(echo{}, text); v.Why != "on "+text {
				t.Fatalf("another text's verdict at text %d", i)
			}
		}
	}
}

func TestManyGoroutinesShareACache(t *testing.T) {
	c, d := newCache(), echo{pad: 4000}
	var all sync.WaitGroup
	for g := range 16 {
		all.Go(func() {
			for i := range 4000 {
				text := fmt.Sprintf("SELECT %d", (i*7+g)%3000)
				if v := c.classify(d, text); !strings.HasPrefix(v.Why, "on "+text+"x") {
					t.Errorf("%s has the verdict %.20q", text, v.Why)
					return
				}
			}
		})
	}
	all.Wait()
	if entries, bytes := content(c); bytes != c.room.bytes || entries == 0 || bytes > cacheBytes {
		t.Errorf("it holds %d entries of %d bytes, and counts %d", entries, bytes, c.room.bytes)
	}
}

func TestTheSizeOfAVerdictCountsItsParts(t *testing.T) {
	small := sqlguard.Verdict{Class: sqlguard.Read}
	for _, v := range []sqlguard.Verdict{
		{Why: "x"},
		{Tables: []sqlguard.Table{{Name: "t"}}},
		{Calls: []string{"f"}},
		{Parts: []sqlguard.Verdict{small, small}},
	} {
		if sizeOf(&v) <= sizeOf(&small) {
			t.Errorf("%+v counts no more than an empty verdict", v)
		}
	}
}
