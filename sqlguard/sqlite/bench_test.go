package sqlite_test

import "testing"

func BenchmarkPlain(b *testing.B) {
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		judge(plain[i%len(plain)])
	}
}

func BenchmarkDelete(b *testing.B) {
	for b.Loop() {
		judge(plain[7])
	}
}
