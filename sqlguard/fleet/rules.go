package fleet

// rule is one of the rules that the process and the operator keep. Each can be left out,
// which only the simulation does: to see that it finds out.
type rule uint

const (
	trustFromSending rule = 1 << iota
	trustWithMargin
	ackWhenDrained
	startClosed
	armedOpensNothing
	epochsNeverGoBack
	lapseCloses
	everybodyArmed
	waitForTail
	oneEpoch
	boundIsFenced
)

// without are the rules that are left out: none.
type without rule

func (w without) keeps(r rule) bool { return rule(w)&r == 0 }
