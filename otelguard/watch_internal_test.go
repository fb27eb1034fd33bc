package otelguard

import (
	"errors"
	"io"
	"testing"

	"go.opentelemetry.io/otel"

	"github.com/quiescehq/quiesce/sqlguard/fleet/verify"
)

func TestOnlyAMissingPrivilegeEndsAWatch(t *testing.T) {
	before := otel.GetErrorHandler()
	defer otel.SetErrorHandler(before)
	told := 0
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) { told++ }))
	var telemetry Telemetry
	if err := telemetry.failed(io.ErrUnexpectedEOF); err != nil || told != 1 {
		t.Errorf("a lost connection: %v, told %d times", err, told)
	}
	err := telemetry.failed(&verify.PrivilegeError{})
	if !errors.As(err, new(*verify.PrivilegeError)) || told != 1 {
		t.Errorf("a missing privilege: %v, told %d times", err, told)
	}
	if v := telemetry.verified.Load(); v == nil || v.report != nil {
		t.Error("the metric does not say that it has failed")
	}
}
