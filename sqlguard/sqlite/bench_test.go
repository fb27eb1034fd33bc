package sqlite_test

import "testing"

func BenchmarkClassify(b *testing.B) {
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		judging(plain[i%len(plain)])(1)
	}
}
