module stile

go 1.26
