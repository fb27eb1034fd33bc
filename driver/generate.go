//go:build ignore

// This program writes the generated files of package driver.
package main

import (
	"log"
	"os"

	"github.com/quiescehq/quiesce/driver/internal/conntypes"
)

func main() {
	for name, source := range conntypes.Files {
		text, err := source()
		if err != nil {
			log.Fatalf("%s: %v", name, err)
		}
		if err := os.WriteFile(name, text, 0o666); err != nil {
			log.Fatal(err)
		}
	}
}
