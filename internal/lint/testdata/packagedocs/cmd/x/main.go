// Command x does nothing.
package main

func main() {}
