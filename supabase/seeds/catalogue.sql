-- The demo shop, part two: about sixty products of Harbour & Pine, and of the seller Sol's Workshop.
-- Written for import_products, as any catalogue; ids are made from the skus, so they are the same
-- everywhere. A sku that is there already is left alone, stock included: safe to run twice.
-- Pictures are examples/storefront/public/demo/*.svg, drawn by seeds/draw-pictures.ts.

set local statement_timeout = '60s';

do $seed$
declare
  v_catalogue jsonb := $catalogue$
[
  {"sku": "MUG", "title": "Enamel Mug", "category": "kitchen-table", "brand": "Kestrel Enamel",
   "price": 1200, "stock": 60, "days": 3, "image": "mug", "is_featured": true, "weight_grams": 180,
   "options": {"Colour": ["Cream", "Navy", "Pine"]},
   "description": "A steel mug under two coats of enamel. It chips before it breaks, and looks better for it.",
   "features": ["Holds 350 ml", "For hob, campfire and dishwasher"],
   "specifications": {"Material": "Enamelled steel", "Capacity": "350 ml"}, "tags": ["gift", "camping"]},
  {"sku": "JUG", "title": "Stoneware Jug", "category": "kitchen-table", "brand": "Harbour & Pine",
   "price": 2800, "stock": 24, "days": 30, "image": "jug", "weight_grams": 900,
   "description": "Thrown, dipped in a speckled glaze, fired twice. For milk, for custard, for a few stems.",
   "specifications": {"Material": "Stoneware", "Capacity": "1 l"}, "tags": ["gift"]},
  {"sku": "KETTLE", "title": "Whistling Kettle", "category": "kitchen-table", "brand": "Kestrel Enamel",
   "price": 4800, "sale_price": 3900, "list_price": 5500, "stock": 18, "days": 41, "image": "kettle", "weight_grams": 1400,
   "options": {"Colour": ["Rust", "Pine"]},
   "description": "Boils two litres on any hob and says so politely.",
   "features": ["All hobs, induction too", "Beech handle that stays cool"],
   "specifications": {"Material": "Enamelled steel", "Capacity": "2 l"}, "tags": ["kitchen"]},
  {"sku": "BOARD", "title": "Oak Chopping Board", "category": "kitchen-table", "brand": "Harbour & Pine",
   "price": 3600, "stock": 30, "days": 88, "image": "board", "weight_grams": 1900,
   "description": "One piece of oak from a storm-felled tree, oiled by hand. Juice groove on one side, none on the other.",
   "dimensions": {"length": 420, "width": 280, "height": 24},
   "specifications": {"Material": "Oak"}, "tags": ["wood"]},
  {"sku": "TEAPOT", "title": "Round Teapot", "category": "kitchen-table", "brand": "Harbour & Pine",
   "price": 3400, "stock": 4, "days": 12, "image": "teapot", "is_featured": true, "weight_grams": 1100,
   "description": "Pours without a drip, which is rarer than it should be. Comes with a steel basket for loose leaf.",
   "specifications": {"Material": "Stoneware", "Capacity": "900 ml"}, "tags": ["gift", "tea"]},
  {"sku": "BOWL", "title": "Breakfast Bowl", "category": "kitchen-table", "brand": "Harbour & Pine",
   "price": 1600, "stock": 44, "days": 63, "image": "bowl", "weight_grams": 520,
   "description": "Wide enough for porridge and fruit, deep enough for soup.",
   "specifications": {"Material": "Stoneware", "Capacity": "600 ml"}},
  {"sku": "KNIFE", "title": "Cook's Knife", "category": "kitchen-table", "brand": "Harbour & Pine",
   "price": 5900, "stock": 15, "days": 120, "image": "knife", "weight_grams": 260,
   "description": "Carbon steel, 20 cm, with a walnut handle. Wipe it dry and it will outlive you.",
   "dimensions": {"length": 330, "width": 50, "height": 22},
   "specifications": {"Material": ["Carbon steel", "Walnut"], "Blade": "20 cm"}, "tags": ["wood"]},
  {"sku": "NAPKIN", "title": "Linen Napkins, Set of Four", "category": "kitchen-table", "brand": "Harbour & Pine",
   "price": 2600, "stock": 35, "days": 19, "image": "napkin", "weight_grams": 240,
   "options": {"Colour": ["Sand", "Navy"]},
   "description": "Washed linen that never needs an iron, hemmed in a contrasting thread.",
   "specifications": {"Material": "Linen"}, "tags": ["gift", "textile"]},

  {"sku": "EARL-GREY", "title": "Earl Grey", "category": "tea-coffee", "brand": "North Quay",
   "price": 850, "stock": 80, "days": 25, "image": "tin-earl-grey", "weight_grams": 190,
   "description": "Black tea with oil of bergamot and a few cornflower petals. Bright, not perfumed.",
   "specifications": {"Kind": "Black tea", "Contents": "100 g"}, "tags": ["tea", "gift"]},
  {"sku": "BREAKFAST", "title": "Harbour Breakfast Tea", "category": "tea-coffee", "brand": "North Quay",
   "price": 750, "stock": 120, "days": 26, "image": "tin-breakfast", "weight_grams": 190,
   "description": "Assam and Kenya, strong enough for a night on the boats.",
   "specifications": {"Kind": "Black tea", "Contents": "100 g"}, "tags": ["tea"]},
  {"sku": "SENCHA", "title": "Spring Sencha", "category": "tea-coffee", "brand": "North Quay",
   "price": 1150, "stock": 40, "days": 7, "image": "tin-sencha", "weight_grams": 190,
   "description": "First pick from Shizuoka: grass, sea air, a little sweetness.",
   "specifications": {"Kind": "Green tea", "Contents": "100 g"}, "tags": ["tea"]},
  {"sku": "CAMOMILE", "title": "Camomile Flowers", "category": "tea-coffee", "brand": "North Quay",
   "price": 690, "stock": 52, "days": 70, "image": "tin-camomile", "weight_grams": 120,
   "description": "Whole flower heads, dried slowly. For the end of the day.",
   "specifications": {"Kind": "Herbal tea", "Contents": "50 g"}, "tags": ["tea"]},
  {"sku": "ESPRESSO", "title": "Lighthouse Espresso", "category": "tea-coffee", "brand": "North Quay",
   "price": 950, "stock": 64, "days": 2, "image": "coffee-espresso", "is_featured": true, "weight_grams": 270,
   "options": {"Size": ["250 g", "1 kg"]}, "prices": {"1 kg": 3200}, "weights": {"1 kg": 1040},
   "description": "Brazil and Ethiopia, roasted to chocolate and dried cherry. Whole beans, roasted on Mondays.",
   "specifications": {"Kind": "Coffee", "Roast": "Medium dark"}, "tags": ["coffee"]},
  {"sku": "FILTER", "title": "Slack Water Filter Coffee", "category": "tea-coffee", "brand": "North Quay",
   "price": 1050, "stock": 38, "days": 9, "image": "coffee-filter", "weight_grams": 270,
   "options": {"Size": ["250 g", "1 kg"]}, "prices": {"1 kg": 3600}, "weights": {"1 kg": 1040},
   "description": "A washed Colombian, light roast: apricot, brown sugar, clean as a whistle.",
   "specifications": {"Kind": "Coffee", "Roast": "Light"}, "tags": ["coffee"]},
  {"sku": "COCOA", "title": "Drinking Chocolate", "category": "tea-coffee", "brand": "North Quay",
   "price": 890, "sale_price": 690, "stock": 46, "days": 52, "image": "cocoa", "weight_grams": 320,
   "description": "Flakes of 60 % dark chocolate, nothing else. Whisk into hot milk.",
   "specifications": {"Kind": "Chocolate", "Contents": "250 g"}, "tags": ["gift"]},
  {"sku": "HONEY", "title": "Heather Honey", "category": "tea-coffee", "brand": "North Quay",
   "price": 980, "stock": 0, "days": 95, "image": "honey", "weight_grams": 560,
   "description": "From hives on the moor, one short season a year. Thick, dark, not too sweet.",
   "specifications": {"Kind": "Honey", "Contents": "340 g"}, "tags": ["gift"]},

  {"sku": "LAMP", "title": "Signal Table Lamp", "category": "home-light", "brand": "Harbour & Pine",
   "price": 8900, "list_price": 9900, "stock": 12, "days": 5, "image": "lamp", "is_featured": true, "weight_grams": 2300,
   "options": {"Colour": ["Mustard", "Navy"]},
   "description": "A steel shade on an ash stem, with a dimmer in the cord.",
   "features": ["LED bulb included", "Two metre cotton cord"],
   "specifications": {"Material": ["Steel", "Ash"], "Socket": "E27"}},
  {"sku": "CANDLE", "title": "Beeswax Candle", "category": "home-light", "brand": "Fern & Salt",
   "price": 1800, "stock": 70, "days": 15, "image": "candle", "weight_grams": 420,
   "options": {"Scent": ["Pine", "Sea Salt", "Fig"]},
   "description": "Beeswax and rapeseed in a glass you will keep. Burns for forty hours.",
   "specifications": {"Burning time": "40 h"}, "tags": ["gift"]},
  {"sku": "LANTERN", "title": "Storm Lantern", "category": "home-light", "brand": "Alder Outdoor",
   "price": 4200, "stock": 21, "days": 47, "image": "lantern", "weight_grams": 980,
   "description": "Keeps a candle alight in half a gale. Hang it or stand it.",
   "specifications": {"Material": ["Steel", "Glass"]}, "tags": ["camping"]},
  {"sku": "BLANKET", "title": "Lambswool Blanket", "category": "home-light", "brand": "Skerry Knitwear",
   "price": 9500, "sale_price": 7600, "stock": 16, "days": 36, "image": "blanket", "weight_grams": 1100,
   "options": {"Colour": ["Navy", "Rust"]},
   "description": "Woven on old looms in the Borders, fringed by hand. Warm before you know you are cold.",
   "dimensions": {"length": 1900, "width": 1300},
   "specifications": {"Material": "Lambswool"}, "tags": ["textile", "gift"]},
  {"sku": "CUSHION", "title": "Ticking Stripe Cushion", "category": "home-light", "brand": "Harbour & Pine",
   "price": 3200, "stock": 28, "days": 77, "image": "cushion", "weight_grams": 620,
   "description": "Cotton ticking over a feather pad. The stripe is woven, so it will not wash out.",
   "dimensions": {"length": 450, "width": 450},
   "specifications": {"Material": "Cotton"}, "tags": ["textile"]},
  {"sku": "VASE", "title": "Pebble Vase", "category": "home-light", "brand": "Harbour & Pine",
   "price": 3900, "stock": 9, "days": 11, "image": "vase", "weight_grams": 1300,
   "description": "A shape found on the beach, and left alone.",
   "specifications": {"Material": "Stoneware"}, "tags": ["gift"]},
  {"sku": "CLOCK", "title": "Station Clock", "category": "home-light", "brand": "Harbour & Pine",
   "price": 6400, "stock": 11, "days": 104, "image": "clock", "weight_grams": 1200,
   "description": "A quiet sweep movement behind glass, 30 cm across.",
   "dimensions": {"width": 300, "height": 300, "length": 50},
   "specifications": {"Material": ["Steel", "Glass"]}},
  {"sku": "BASKET", "title": "Willow Log Basket", "category": "home-light", "brand": "Harbour & Pine",
   "price": 5400, "stock": 7, "days": 130, "image": "basket", "weight_grams": 2600,
   "description": "Somerset willow, woven by two people who have done little else since 1981.",
   "specifications": {"Material": "Willow"}, "tags": ["wood"]},

  {"sku": "JUMPER", "title": "Fisherman's Jumper", "category": "Clothing > Knitwear", "brand": "Skerry Knitwear",
   "price": 12500, "stock": 14, "days": 4, "image": "jumper", "is_featured": true, "weight_grams": 950,
   "options": {"Size": ["S", "M", "L", "XL"], "Colour": ["Navy", "Oatmeal"]},
   "description": "Five-ply wool in the old pattern: ropes, ladders, and room for a shirt below.",
   "features": ["Knitted in one piece", "Elbows that can be darned"],
   "specifications": {"Material": "Wool"}, "tags": ["winter"]},
  {"sku": "BEANIE", "title": "Ribbed Beanie", "category": "Clothing > Knitwear", "brand": "Skerry Knitwear",
   "price": 2400, "stock": 48, "days": 20, "image": "beanie", "weight_grams": 90,
   "options": {"Colour": ["Rust", "Navy", "Pine"]},
   "description": "Merino, double thickness over the ears.",
   "specifications": {"Material": "Merino"}, "tags": ["winter", "gift"]},
  {"sku": "SCARF", "title": "Long Wool Scarf", "category": "Clothing > Knitwear", "brand": "Skerry Knitwear",
   "price": 4500, "sale_price": 3600, "stock": 22, "days": 58, "image": "scarf", "weight_grams": 310,
   "description": "Two metres, so it goes round twice.",
   "specifications": {"Material": "Lambswool"}, "tags": ["winter", "gift"]},
  {"sku": "TEE", "title": "Breton Tee", "category": "clothing", "brand": "Harbour & Pine",
   "price": 3400, "stock": 33, "days": 14, "image": "tee", "weight_grams": 260,
   "options": {"Size": ["S", "M", "L", "XL"]},
   "description": "Twenty-one stripes in heavy organic cotton, with a boat neck.",
   "specifications": {"Material": "Organic cotton"}},
  {"sku": "RAINCOAT", "title": "Harbour Raincoat", "category": "clothing", "brand": "Alder Outdoor",
   "price": 14900, "list_price": 16900, "stock": 10, "days": 8, "image": "raincoat", "is_featured": true, "weight_grams": 1250,
   "options": {"Size": ["S", "M", "L", "XL"], "Colour": ["Mustard", "Navy"]},
   "description": "Waxed cotton, taped seams, a hood with a proper peak.",
   "specifications": {"Material": "Waxed cotton"}, "tags": ["rain"]},
  {"sku": "SOCKS", "title": "Boot Socks, Two Pairs", "category": "clothing", "brand": "Skerry Knitwear",
   "price": 1900, "stock": 75, "days": 33, "image": "socks", "weight_grams": 180,
   "options": {"Size": ["36-40", "41-46"]},
   "description": "Wool where it is cold, nylon where it wears.",
   "specifications": {"Material": "Wool"}, "tags": ["winter"]},
  {"sku": "APRON", "title": "Waxed Canvas Apron", "category": "clothing", "brand": "Harbour & Pine",
   "price": 4800, "stock": 19, "days": 66, "image": "apron", "weight_grams": 540,
   "description": "For the kitchen, the shed or the potter's wheel; cross-back straps.",
   "specifications": {"Material": "Waxed cotton"}, "tags": ["gift"]},

  {"sku": "TENT", "title": "Two-Person Tent", "category": "outdoor", "brand": "Alder Outdoor",
   "price": 28900, "sale_price": 23900, "stock": 8, "days": 27, "image": "tent", "weight_grams": 2900,
   "description": "Up in six minutes, dry in a week of rain. Porch for boots and a stove.",
   "features": ["Hydrostatic head 3000 mm", "Packs to 45 cm"],
   "specifications": {"Sleeps": "2"}, "tags": ["camping"]},
  {"sku": "RUCKSACK", "title": "Roll-Top Rucksack", "category": "outdoor", "brand": "Alder Outdoor",
   "price": 9800, "stock": 20, "days": 6, "image": "rucksack", "is_featured": true, "weight_grams": 1150,
   "options": {"Colour": ["Pine", "Rust"]},
   "description": "Twenty litres that become twenty-six. Laptop sleeve, leather straps, no logo.",
   "specifications": {"Material": "Canvas", "Capacity": "20 l"}, "tags": ["rain"]},
  {"sku": "FLASK", "title": "Steel Flask", "category": "outdoor", "brand": "Alder Outdoor",
   "price": 2900, "stock": 55, "days": 22, "image": "flask", "weight_grams": 380,
   "options": {"Size": ["500 ml", "1 l"]}, "prices": {"1 l": 3700}, "weights": {"1 l": 560},
   "description": "Hot for twelve hours, cold for twenty-four, indifferent to being dropped.",
   "specifications": {"Material": "Stainless steel"}, "tags": ["camping", "tea", "coffee"]},
  {"sku": "HAMMOCK", "title": "Canvas Hammock", "category": "outdoor", "brand": "Alder Outdoor",
   "price": 7200, "stock": 13, "days": 82, "image": "hammock", "weight_grams": 1900,
   "description": "Holds two adults and one good book.",
   "specifications": {"Material": "Canvas"}, "tags": ["garden"]},
  {"sku": "CHAIR", "title": "Folding Beach Chair", "category": "outdoor", "brand": "Harbour & Pine",
   "price": 6900, "stock": 3, "days": 40, "image": "chair", "weight_grams": 3400,
   "description": "Beech and striped canvas, three positions, fingers quite safe.",
   "specifications": {"Material": ["Beech", "Canvas"]}, "tags": ["garden", "wood"]},
  {"sku": "HEADTORCH", "title": "Head Torch", "category": "outdoor", "brand": "Alder Outdoor",
   "price": 3300, "stock": 37, "days": 110, "image": "headtorch", "weight_grams": 95,
   "description": "Four hundred lumens for the path, a red light for the tent. Charges by USB-C.",
   "specifications": {"Light": "400 lm"}, "tags": ["camping"]},
  {"sku": "COMPASS", "title": "Brass Compass", "category": "outdoor", "brand": "Harbour & Pine",
   "price": 4600, "stock": 17, "days": 18, "image": "compass", "weight_grams": 140,
   "description": "Liquid-damped needle in a case that fits the palm. Points north; the rest is yours.",
   "specifications": {"Material": "Brass"}, "tags": ["gift"]},
  {"sku": "PAN", "title": "Cast Iron Skillet", "category": "outdoor", "brand": "Kestrel Enamel",
   "price": 4400, "stock": 26, "days": 73, "image": "pan", "weight_grams": 2200,
   "description": "Seasoned and ready, 26 cm. At home on a fire or a hob.",
   "dimensions": {"length": 420, "width": 260, "height": 50},
   "specifications": {"Material": "Cast iron"}, "tags": ["camping", "kitchen"]},

  {"sku": "NOTEBOOK", "title": "Cloth-Bound Notebook", "category": "stationery", "brand": "Papier Marin",
   "price": 1400, "stock": 90, "days": 10, "image": "notebook", "weight_grams": 330,
   "options": {"Colour": ["Navy", "Rust", "Pine"], "Ruling": ["Lined", "Plain"]},
   "description": "192 pages that lie flat and take a fountain pen.",
   "specifications": {"Format": "A5"}, "tags": ["gift", "paper"]},
  {"sku": "PEN", "title": "Fountain Pen", "category": "stationery", "brand": "Papier Marin",
   "price": 5200, "stock": 23, "days": 45, "image": "pen", "weight_grams": 32,
   "options": {"Nib": ["Fine", "Medium"]},
   "description": "A resin barrel, a steel nib, a converter in the box.",
   "specifications": {"Material": "Resin"}, "tags": ["gift"]},
  {"sku": "INK", "title": "Deep Water Ink", "category": "stationery", "brand": "Papier Marin",
   "price": 1250, "stock": 41, "days": 46, "image": "ink", "weight_grams": 160,
   "description": "Blue-black with a green edge where it pools.",
   "specifications": {"Contents": "50 ml"}, "tags": ["paper"]},
  {"sku": "PENCILS", "title": "Drawing Pencils, Set of Six", "category": "stationery", "brand": "Papier Marin",
   "price": 1100, "stock": 58, "days": 99, "image": "pencils", "weight_grams": 70,
   "description": "Cedar, from 2H to 6B.",
   "specifications": {"Material": "Cedar"}, "tags": ["paper", "wood"]},
  {"sku": "CARDS", "title": "Linocut Cards, Box of Eight", "category": "stationery", "brand": "Papier Marin",
   "price": 1600, "stock": 34, "days": 17, "image": "cards", "weight_grams": 150,
   "description": "Four harbour scenes, printed on cotton paper, blank inside.",
   "specifications": {"Format": "A6"}, "tags": ["gift", "paper"]},
  {"sku": "PLANNER", "title": "Undated Planner", "category": "stationery", "brand": "Papier Marin",
   "price": 2200, "sale_price": 1500, "stock": 29, "days": 61, "image": "planner", "weight_grams": 410,
   "description": "A week on two pages, whenever you begin.",
   "specifications": {"Format": "A5"}, "tags": ["paper"]},
  {"sku": "TRAY", "title": "Walnut Desk Tray", "category": "stationery", "brand": "Harbour & Pine",
   "price": 3800, "stock": 14, "days": 85, "image": "tray", "weight_grams": 480,
   "description": "Milled from one plank: pens, clips, a phone, a little order.",
   "specifications": {"Material": "Walnut"}, "tags": ["wood", "gift"]},

  {"sku": "BOAT", "title": "Wooden Sailing Boat", "category": "toys-games", "seller": true,
   "price": 2700, "stock": 20, "days": 1, "image": "boat", "is_featured": true, "weight_grams": 340,
   "options": {"Colour": ["Rust", "Navy"]},
   "description": "It floats upright, sails before the wind, and comes back if you keep hold of the string.",
   "specifications": {"Material": ["Pine", "Cotton"], "Age": "3+"}, "tags": ["gift", "wood"]},
  {"sku": "BLOCKS", "title": "Building Blocks", "category": "toys-games", "seller": true,
   "price": 3900, "stock": 18, "days": 31, "image": "blocks", "weight_grams": 1600,
   "description": "Forty beech blocks in a cotton sack: arches, cubes, a roof or two.",
   "specifications": {"Material": "Beech", "Age": "1+"}, "tags": ["wood"]},
  {"sku": "KITE", "title": "Diamond Kite", "category": "toys-games", "seller": true,
   "price": 3100, "sale_price": 2500, "stock": 16, "days": 38, "image": "kite", "weight_grams": 210,
   "description": "Ripstop and ash rods; flies in a breeze that barely moves the grass.",
   "specifications": {"Age": "6+"}, "tags": ["garden"]},
  {"sku": "PUZZLE", "title": "Lighthouse Jigsaw", "category": "toys-games", "seller": true,
   "price": 2400, "stock": 25, "days": 54, "image": "puzzle", "weight_grams": 640,
   "description": "Five hundred wooden pieces, twelve of them fish.",
   "specifications": {"Material": "Plywood", "Age": "8+"}, "tags": ["gift", "wood"]},
  {"sku": "WHALE", "title": "Felt Whale", "category": "toys-games", "seller": true,
   "price": 2100, "stock": 2, "days": 13, "image": "whale", "weight_grams": 160,
   "description": "Wool felt, filled with wool. Very good at keeping secrets.",
   "specifications": {"Material": "Wool", "Age": "0+"}, "tags": ["gift"]},
  {"sku": "CHESS", "title": "Travel Chess", "category": "toys-games", "seller": true,
   "price": 4500, "stock": 12, "days": 90, "image": "chess", "weight_grams": 520,
   "description": "Pegged pieces in a folding box of walnut and maple.",
   "specifications": {"Material": ["Walnut", "Maple"], "Age": "6+"}, "tags": ["wood", "gift"]},
  {"sku": "TOP", "title": "Spinning Top", "category": "toys-games", "seller": true,
   "price": 950, "stock": 66, "days": 115, "image": "top", "weight_grams": 60,
   "description": "Turned beech, painted in rings. The record here is two minutes and eleven seconds.",
   "specifications": {"Material": "Beech", "Age": "3+"}, "tags": ["wood"]},

  {"sku": "SOAP", "title": "Bar Soap", "category": "bath-body", "brand": "Fern & Salt",
   "price": 650, "stock": 140, "days": 16, "image": "soap", "weight_grams": 130,
   "options": {"Scent": ["Pine", "Sea Salt", "Oat"]},
   "description": "Olive oil and shea, cured for six weeks, cut by wire.",
   "specifications": {"Contents": "120 g"}, "tags": ["gift"]},
  {"sku": "HANDCREAM", "title": "Hand Cream", "category": "bath-body", "brand": "Fern & Salt",
   "price": 1400, "stock": 62, "days": 23, "image": "handcream", "weight_grams": 100,
   "description": "For hands that have been in salt water. Sinks in, smells of very little.",
   "specifications": {"Contents": "75 ml"}, "tags": ["gift"]},
  {"sku": "BATHSALT", "title": "Bath Salts", "category": "bath-body", "brand": "Fern & Salt",
   "price": 1700, "stock": 31, "days": 50, "image": "bathsalt", "weight_grams": 620,
   "description": "Coarse sea salt with pine needle and lavender. One handful is a week off.",
   "specifications": {"Contents": "500 g"}, "tags": ["gift"]},
  {"sku": "TOWEL", "title": "Waffle Bath Towel", "category": "bath-body", "brand": "Harbour & Pine",
   "price": 3200, "stock": 40, "days": 35, "image": "towel", "weight_grams": 560,
   "options": {"Colour": ["Sand", "Navy"]},
   "description": "Dries you, then dries itself.",
   "dimensions": {"length": 1400, "width": 700},
   "specifications": {"Material": "Cotton"}, "tags": ["textile"]},
  {"sku": "SHAMPOO", "title": "Shampoo Bar", "category": "bath-body", "brand": "Fern & Salt",
   "price": 900, "stock": 84, "days": 68, "image": "shampoo", "weight_grams": 90,
   "description": "Sixty washes, no bottle.",
   "specifications": {"Contents": "80 g"}},
  {"sku": "BRUSH", "title": "Beech Bath Brush", "category": "bath-body", "brand": "Harbour & Pine",
   "price": 1900, "stock": 27, "days": 101, "image": "brush", "weight_grams": 190,
   "description": "A long handle and cactus bristles, for the part of the back nobody reaches.",
   "specifications": {"Material": "Beech"}, "tags": ["wood"]},
  {"sku": "SHAVE", "title": "Shaving Set", "category": "bath-body", "brand": "Fern & Salt",
   "price": 5800, "stock": 9, "days": 29, "image": "shave", "weight_grams": 640,
   "description": "Safety razor, synthetic brush, a bowl of soap. Everything but the time.",
   "specifications": {"Material": ["Steel", "Stoneware"]}, "tags": ["gift"]}
]
$catalogue$;
  v_seller_id uuid := '5e000000-0000-4000-8000-000000000001';
  v_result jsonb;
  v_rows record;
begin
  create temporary table seed_product on commit drop as
  select
    c.value ->> 'sku' as sku,
    c.value as facts,
    coalesce((c.value ->> 'seller')::boolean, false) as is_sellers,
    c.number
  from jsonb_array_elements(v_catalogue) with ordinality as c (value, number)
  where not exists (select from public.products p where p.sku = c.value ->> 'sku')
    and (
      not coalesce((c.value ->> 'seller')::boolean, false)
      or exists (select from public.sellers s where s.id = v_seller_id and s.status = 'active')
    );

  -- One row a variant: every combination of a product's options, or the product itself.
  create temporary table seed_variant on commit drop as
  select
    p.sku as product_sku,
    p.is_sellers,
    p.facts,
    p.number,
    v.options,
    concat_ws('-', p.sku, v.code) as sku,
    row_number() over (partition by p.sku order by v.place) as place
  from seed_product p
  cross join lateral (
    select
      coalesce(jsonb_object_agg(o.name, o.value) filter (where o.name is not null), '{}') as options,
      string_agg(
        upper(regexp_replace(
          case when o.name = 'Size' then o.value else left(o.value, 3) end, '[^0-9A-Za-z]', '', 'g'
        )),
        '-' order by o.name desc
      ) as code,
      first.place * 100 + coalesce(second.place, 0) as place
    from (
      select e.value, e.place, k.name
      from (
        select min(j.key) as name from jsonb_each(p.facts -> 'options') j
      ) k
      left join lateral jsonb_array_elements_text(p.facts -> 'options' -> k.name)
        with ordinality as e (value, place) on true
    ) first
    cross join (
      select e.value, e.place, k.name
      from (
        select max(j.key) as name
        from jsonb_each(p.facts -> 'options') j
        having count(*) > 1
        union all
        select null where (select count(*) from jsonb_each(p.facts -> 'options')) < 2
      ) k
      left join lateral jsonb_array_elements_text(p.facts -> 'options' -> k.name)
        with ordinality as e (value, place) on true
    ) second
    cross join lateral (
      values (first.name, first.value), (second.name, second.value)
    ) as o (name, value)
    group by first.place, second.place, first.value, second.value
  ) v;

  -- The rows that carry the fixed ids and dates; import_products fills in the rest.
  insert into public.products (id, seller_id, sku, title, is_featured, published_at)
  select
    overlay(overlay(md5('product ' || p.sku) placing '4' from 13) placing '8' from 17)::uuid,
    case when p.is_sellers then v_seller_id end,
    p.sku,
    p.facts ->> 'title',
    coalesce((p.facts ->> 'is_featured')::boolean, false),
    date_trunc('hour', now()) - make_interval(days => (p.facts ->> 'days')::integer)
  from seed_product p
  order by p.number;

  insert into public.product_options (product_id, name, position)
  select d.id, o.name, row_number() over (partition by d.id order by o.name desc)
  from seed_product p
  join public.products d on d.sku = p.sku
  cross join lateral jsonb_object_keys(p.facts -> 'options') as o (name);

  insert into public.product_variants (id, product_id, sku, options, position, is_default)
  select
    overlay(overlay(md5('variant ' || v.sku) placing '4' from 13) placing '8' from 17)::uuid,
    p.id, v.sku, v.options, v.place, v.place = 1
  from seed_variant v
  join public.products p on p.sku = v.product_sku
  order by v.number, v.place;

  for v_rows in
    select
      v.is_sellers,
      jsonb_agg(
        v.facts - '{options,prices,weights,seller,days,is_featured,image,stock}'::text[]
          || jsonb_build_object(
            'sku', v.sku,
            'parent_sku', v.product_sku,
            'status', 'active',
            'price', coalesce(v.facts -> 'prices' -> (v.options ->> 'Size'), v.facts -> 'price'),
            'weight_grams', coalesce(
              v.facts -> 'weights' -> (v.options ->> 'Size'), v.facts -> 'weight_grams'
            ),
            'stock', case
              when v.place % 5 = 4 and v.facts ->> 'stock' <> '0' then 3
              else (v.facts ->> 'stock')::integer
            end
          )
          || case
            when v.options ? 'Colour' and v.options ->> 'Colour' = v.facts #>> '{options,Colour,0}'
              and v.place > 1 then '{}'
            when v.options ? 'Colour' then jsonb_build_object('image',
              '/storefront/demo/' || (v.facts ->> 'image') || '-' || lower(v.options ->> 'Colour')
              || '.svg')
            when v.place = 1 then jsonb_build_object('image',
              '/storefront/demo/' || (v.facts ->> 'image') || '.svg')
            else '{}'
          end
        order by v.number, v.place
      ) as batch
    from seed_variant v
    group by v.is_sellers
    order by v.is_sellers
  loop
    if v_rows.is_sellers then
      -- As Sol would: an import of one's own products.
      perform set_config('request.jwt.claims', jsonb_build_object(
        'sub', s.owner_id, 'role', 'authenticated'
      )::text, true)
      from public.sellers s where s.id = v_seller_id;
      perform set_config('role', 'authenticated', true);
    end if;
    v_result := public.import_products(v_rows.batch);
    if v_rows.is_sellers then
      perform set_config('role', 'none', true);
      perform set_config('request.jwt.claims', '', true);
    end if;
    if v_result -> 'errors' <> '[]' then
      raise exception 'The demo catalogue has errors: %', v_result ->> 'errors';
    end if;
  end loop;

  -- Some things also lie in the second warehouse.
  perform private.lock_stock(array(
    select v.id from public.product_variants v
    join seed_variant s on s.sku = v.sku where s.number % 3 = 0
  ));
  perform private.set_on_hand(
    array_agg(v.id), array_agg(w.id), array_agg(6 + (s.number % 7)::integer), 'received'
  )
  from seed_variant s
  join public.product_variants v on v.sku = s.sku
  join public.warehouses w on w.code = 'NORTH'
  where s.number % 3 = 0 and s.facts ->> 'stock' <> '0';

  -- A sale that has an end, and one that has yet to begin.
  perform private.set_price(v.id, 2400, 'sale', null, now() + interval '10 days')
  from public.product_variants v join seed_variant s on s.sku = v.sku where v.sku = 'CUSHION';
  perform private.set_price(
    v.id, 5900, 'sale', now() + interval '3 days', now() + interval '17 days'
  )
  from public.product_variants v join seed_variant s on s.sku = v.sku where v.sku = 'HAMMOCK';

  drop table seed_variant;
  drop table seed_product;
end
$seed$;
