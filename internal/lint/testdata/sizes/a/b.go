package a

// Three closes the package.
func Three() int { return 3 }

// Four is a number.
const Four = 4

// Five is another.
const Five = 5
