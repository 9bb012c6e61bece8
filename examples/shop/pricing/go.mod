module pricing.example/app

go 1.25
