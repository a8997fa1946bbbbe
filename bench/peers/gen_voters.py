# Makes the voter file (N rows, always the same) that Townhall and its peers import in ./dev bench.
import random, sys

n = int(sys.argv[1])
random.seed(7)
F = "James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard Susan Joseph Jessica Thomas Sarah".split()
L = "Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson Anderson O'Neil".split()
S = 'Main,Oak,Pine,Maple,Cedar,Elm,Washington,Lake,Hill,"Park, North"'.split(",")
C = "Raleigh Durham Cary Charlotte Asheville Wilmington Boone".split()
P = ["DEM", "REP", "UNA", "LIB", "GRE"]
w = sys.stdout.write
w("voter_id,first_name,last_name,date_of_birth,email,phone,address,city,state,zip,party,registered_at,precinct,score\n")
for i in range(n):
    f = random.choice(F)
    l = random.choice(L)
    w(
        f"NC{i:09d},{f},{l},{random.randint(1930,2006)}-{random.randint(1,12):02d}-{random.randint(1,28):02d},{f.lower()}.{l.lower().replace(chr(39),'')}{i}@example.com,919{random.randint(2000000,9999999)},\"{random.randint(1,9999)} {random.choice(['Main','Oak','Pine','Maple','Park, North'])} St\",{random.choice(C)},NC,{random.randint(27000,28999)},{random.choice(P)},{random.randint(1990,2025)}-{random.randint(1,12):02d}-{random.randint(1,28):02d},P{random.randint(1,200):03d},{random.random()*100:.3f}\n"
    )
