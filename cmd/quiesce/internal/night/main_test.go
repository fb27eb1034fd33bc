package night_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain has more tests run at once than there are processors, if nobody has said how many: they wait nearly all the time,
// for leases to lapse and databases to stand still.
func TestMain(m *testing.M) {
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said {
		flag.Set("test.parallel", "4")
	}
	os.Exit(m.Run())
}
