// Package schema is what the code in the package above is generated from.
package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
)

// Talk is a talk with a title.
type Talk struct{ ent.Schema }

// Fields of a talk.
func (Talk) Fields() []ent.Field {
	return []ent.Field{field.String("title").MaxLen(100), field.Int("stars").Default(0)}
}
