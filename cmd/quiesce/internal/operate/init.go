package operate

import (
	"context"
	"fmt"

	"github.com/quiescehq/quiesce/sqlguard/fleet"
	"github.com/quiescehq/quiesce/sqlguard/fleet/store"
)

// Init makes the store's tables.
func Init(ctx context.Context, d Deps, t Target) (InitOut, error) {
	if t.Store == "" {
		return InitOut{}, usage("--store is required, or QUIESCE_STORE in the environment: the DSN of the fleet's store")
	}
	s, err := store.OpenUnchecked(t.Store)
	if err != nil {
		return InitOut{}, usage("--store: %v", err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := s.Init(ctx); err != nil {
		return InitOut{}, err
	}
	m, err := s.Mode(ctx)
	return InitOut{Store: s.String(), Mode: m}, err
}

// InitOut is what init says.
type InitOut struct {
	Store string     `json:"store"`
	Mode  fleet.Mode `json:"mode"`
}

func (o InitOut) String() string {
	return fmt.Sprintf("the store %s is ready; the fleet is %s (epoch %d)", o.Store, o.Mode.State, o.Mode.Epoch)
}
