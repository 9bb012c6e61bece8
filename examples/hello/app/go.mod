module hello.example/app

go 1.25
