package imapthread

import (
	"math/rand/v2"
	"testing"
)

// TestForest compares roots with those found by walking up.
func TestForest(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		var f forest
		var parent []int32
		rootOf := func(n int32) int32 {
			for parent[n] != none {
				n = parent[n]
			}
			return n
		}
		for range 60 {
			f.add()
			parent = append(parent, none)
		}
		for range 2000 {
			a, b := int32(random.IntN(len(parent))), int32(random.IntN(len(parent)))
			switch {
			case parent[a] == none && rootOf(b) != a:
				f.link(a, b)
				parent[a] = b
			case parent[a] != none && random.IntN(3) == 0:
				f.cut(a)
				parent[a] = none
			}
			if got, want := f.root(b), rootOf(b); got != want {
				t.Fatalf("seed %d: root of %d is %d, want %d", seed, b, got, want)
			}
		}
	}
}
