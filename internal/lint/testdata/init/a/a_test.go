package a

func init() { names = nil }
