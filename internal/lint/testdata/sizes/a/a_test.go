package a

import "testing"

func TestOne(t *testing.T) {
	if One() != 1 {
		t.Error(One())
	}
}

func TestTwo(t *testing.T) {
	if Two() != 2 {
		t.Error(Two())
	}
}
