"""Names as departments write them, in shapes that the sample city does not make, and what each says.

One name a line: the name, then what is expected. ``roads`` are joined with ``/``; ``+`` is a junction;
``~`` is a stretch; ``km`` metres along; ``no`` the house; ``at`` the place and its kind; ``side``; ``view``
and ``flow`` a wind; ``to`` a place; ``way`` a flow; ``form``; ``nr``; ``dist``; ``town``; ``off`` metres.
``none`` is a text that names nothing, with the reason. What is not written must not be found, except
``at``.
"""

NAMES = """
南大街与西大街交叉口 | roads 南大街/西大街 +
芝罘区南大街-解放路路口西北角 | dist 芝罘 roads 南大街/解放路 + side NW
北马路与海港路口 | roads 北马路/海港路 +
二马路大马路交汇处 | roads 二马路/大马路 +
迎春大街@港城东大街（东北角） | roads 迎春大街/港城东大街 + side NE
观海路＆迎春大街 枪机 | roads 观海路/迎春大街 + form 枪机
滨海中路/轸大路 | roads 滨海中路/轸大路 +
红旗中路、青年南路十字 | roads 红旗中路/青年南路 +
幸福中路和只楚路交叉路口 | roads 幸福中路/只楚路 +
和平路和胜利路路口 | roads 和平路/胜利路 +
通世南路与机场路丁字路口 | roads 通世南路/机场路 +
莱山区观海路与港城大街交叉口东侧 | dist 莱山 roads 观海路/港城大街 + side E
福山区河滨路永达街路口 | dist 福山 roads 河滨路/永达街 +
开发区长江路—珠江路路口 球机01 | dist 开发区 roads 长江路/珠江路 + form 球机 nr 1
黄渤海新区长江路与天山路交口 | dist 开发区 roads 长江路/天山路 +
牟平区北关大街×师范路路口 | dist 牟平 roads 北关大街/师范路 +
龙口市港城大道与东海路交叉口 | dist 龙口 roads 港城大道/东海路 +
莱州文化路与光州街十字路口西南角2 | dist 莱州 roads 文化路/光州街 + side SW nr 2
招远温泉路T字路口 | dist 招远 roads 温泉路 +
栖霞市霞光路环岛 | dist 栖霞 roads 霞光路 +
海阳市海阳路与黄海大道路口 | dist 海阳 roads 海阳路/黄海大道 +
芝罘屯路与红旗西路路口 | roads 芝罘屯路/红旗西路 +
福山路与银河路交叉口 | roads 福山路/银河路 +
莱山北路口 | roads 莱山北路 +
蓬莱海滨路与登州路口北 | dist 蓬莱 roads 海滨路/登州路 + side N
大海阳路西南河路路口南口 | roads 大海阳路/西南河路 + side S
解放路建设路东向西 | roads 解放路/建设路 + flow W
解放路与建设路由南向北 | roads 解放路/建设路 + flow N
港城西大街由西往东01 | roads 港城西大街 flow E nr 1
机场路自北向南枪机 | roads 机场路 flow S form 枪机
青年路北→南 | roads 青年路 flow S
红旗路口东进口 | roads 红旗路 + side E flow W
观海路路口北进口道 | roads 观海路 + side N flow S
南大街西向东卡口 | roads 南大街 flow E form 卡口
胜利路朝北 | roads 胜利路 view N
南大街面向东 | roads 南大街 view E
滨海东路看西 | roads 滨海东路 view W
环山路东南向 | roads 环山路 view SE
芝罘区环山路12号朝西南 | dist 芝罘 roads 环山路 no 12 view SW
大马路36-2号 | roads 大马路 no 36-2
南大街甲12号 | roads 南大街 no 甲12
毓璜顶东路20号对面球机 | roads 毓璜顶东路 no 20 form 球机
胜利路88号附近 | roads 胜利路 no 88
北大街１２３号西侧 | roads 北大街 no 123 side W
二马路56号院 | roads 二马路 no 56
港城东大街289号北侧50米 | roads 港城东大街 no 289 side N off 50
红旗路以东200米 | roads 红旗路 side E off 200
青年路与上夼西路路口以南100米 | roads 青年路/上夼西路 + side S off 100
迎春大街路北 | roads 迎春大街 side N
胜利南路路东 | roads 胜利南路 side E
红旗西路南侧人行道 | roads 红旗西路 side S
港城西大街东段 | roads 港城西大街 ~ side E
观海路中段 | roads 观海路 ~
机场路至港城西大街段 | roads 机场路/港城西大街 ~
红旗路（青年路至胜利路段） | roads 红旗路/青年路/胜利路 ~
G18荣乌高速K386+500 | roads G18荣乌高速 km 386500
荣乌高速K12+300烟台方向 | roads 荣乌高速 km 12300 to 烟台
S11烟海高速K23+050往海阳方向 | roads S11烟海高速 km 23050 to 海阳
G15沈海高速k401+900威海方向枪机 | roads G15沈海高速 km 401900 to 威海 form 枪机
沈海高速410公里300米处 | roads 沈海高速 km 410300
G206国道12.5公里处 | roads G206国道 km 12500
206国道K5+120东侧 | roads 206国道 km 5120 side E
G204国道与S209省道交叉口 | roads G204国道/S209省道 +
302省道K88 | roads 302省道 km 88000
省道304桩号K45+600 | roads 省道304 km 45600
X041县道王家庄村口 | roads X041县道 at 王家庄/village
蓬栖高速上行K18+200 | roads 蓬栖高速 km 18200 way up
荣乌高速下行线K402+100球机 | roads 荣乌高速 km 402100 way down form 球机
烟海高速莱山收费站入口 | roads 烟海高速 at 莱山收费站/toll
莱山收费站出城方向 | at 莱山收费站/toll way outbound
福山高速路口 | at 福山高速路口/interchange
栖霞服务区东区 | at 栖霞服务区/service-area
G18芝罘匝道 | roads G18 at 芝罘匝道/ramp
八角枢纽互通A匝道 | at 八角枢纽互通A匝道/ramp
夹河大桥东桥头 | at 夹河大桥/bridge
通世立交桥上 | at 通世立交桥/bridge
鲁峰隧道北洞口 | at 鲁峰隧道/tunnel
塔山隧道进城 | at 塔山隧道/tunnel way inbound
魁玉路隧道 南向北 | roads 魁玉路 at 魁玉路隧道/tunnel flow N
港城东大街跨线桥桥下 | roads 港城东大街 at 港城东大街跨线桥/bridge
青年南路铁路桥下穿 | roads 青年南路 at 铁路桥下穿/underpass
芝罘区向阳街道大海阳社区 | dist 芝罘 town 向阳街道 at 大海阳社区/estate
莱山区院格庄街道办事处门口 | dist 莱山 town 院格庄街道办事处
福山区回里镇政府 | dist 福山 town 回里镇 at 政府/government
牟平区大窑街道蛤堆后村村口 | dist 牟平 town 大窑街道 at 蛤堆后村/village
龙口市诸由观镇中心小学校门口 | dist 龙口 town 诸由观镇 at 中心小学/school
烟台市芝罘区凤凰台小学南门 | dist 芝罘 at 凤凰台小学/school
烟台一中东门 | at 烟台一中/school
鲁东大学北门 | at 鲁东大学/school
烟台大学正门前枪机02 | at 烟台大学/school form 枪机 nr 2
祥和中学门前道路 | at 祥和中学/school
葡萄山小学西侧 | at 葡萄山小学/school side W
莱阳市实验幼儿园 | dist 莱阳 at 实验幼儿园/school
毓璜顶医院门诊楼 | at 毓璜顶医院/hospital
烟台山医院急诊入口球机 | at 烟台山医院/hospital form 球机
莱州市人民医院东门 | dist 莱州 at 人民医院/hospital
福山区中医院住院部 | dist 福山 at 中医院/hospital
黄务社区卫生服务中心 | at 黄务社区卫生服务中心/hospital
烟台火车站北广场 | at 烟台火车站/station
烟台南站出站口 | at 烟台南站/station
烟台汽车总站候车厅 | at 烟台汽车总站/station
蓬莱国际机场航站楼 | dist 蓬莱 at 国际机场航站楼/airport
莱山机场停车场 | dist 莱山 at 莱山机场/airport
芝罘湾客运码头 | at 芝罘湾客运码头/port
打捞局码头防波堤 | at 打捞局码头/port
八角中心渔港泊位东 | at 八角中心渔港/port side E
三站批发市场西门 | at 三站批发市场/market
大润发超市门口 | at 大润发超市/market
芝罘万达广场地下停车场入口 | dist 芝罘 at 万达广场/market
红旗路农贸市场 | roads 红旗路 at 红旗路农贸市场/market
南大街购物城 | roads 南大街
滨海广场东入口 | at 滨海广场/square
毓璜顶公园南门 | at 毓璜顶公园/square
文化中心广场西北角 | at 文化中心/government side NW
养马岛景区检票口 | at 养马岛景区/scenic
蓬莱阁景区停车场 | at 蓬莱阁景区/scenic
昆嵛山国家森林公园山门 | dist 昆嵛山 at 国家森林公园/scenic
天马相城小区3号楼 | at 天马相城小区/estate
金象泰温馨家园北门 | at 金象泰温馨家园/estate
万光府前花园地下车库 | at 万光府前花园/estate
黄务中石化加油站加油区 | at 黄务中石化加油站/fuel-station
红旗西路加油站 | roads 红旗西路 at 红旗西路加油站/fuel-station
牟平万华化工储罐区 | dist 牟平 at 万华化工/hazardous-chemicals
招远玲珑金矿井口 | dist 招远 at 玲珑金矿/mine
三山岛尾矿库坝面 | at 三山岛尾矿库/mine
门楼水库溢洪道 | at 门楼水库/water-body
高陵水库大坝球机 | at 高陵水库/water-body form 球机
辛安河入海口 | at 辛安河入海口/water-body
大沽夹河橡胶坝水尺 | at 大沽夹河橡胶坝/water-body
第一海水浴场沙滩东 | at 第一海水浴场/beach-seawall side E
金沙滩浴场瞭望台 | at 金沙滩浴场/beach-seawall
塔山林场3号塔 | at 塔山林场/fire-lookout
昆嵛山防火瞭望塔云台 | dist 昆嵛山 at 防火瞭望塔/fire-lookout form 云台
化工路下穿易涝点 | roads 化工路 at 下穿易涝点/ponding
幸福路低洼路段 | roads 幸福路 at 幸福路低洼路段/ponding
楚凤四街雨水井12 | roads 楚凤四街 at 楚凤四街雨水井/manhole nr 12
套子湾污水处理厂曝气池 | at 套子湾污水处理厂/sewage-plant
世回尧垃圾中转站 | at 世回尧垃圾中转站/transfer-station
向阳派出所门口 | at 向阳派出所/police
交警一大队院内 | at 交警一大队/government
莱山区政务服务大厅 | dist 莱山 at 政务服务大厅/government
奇山消防救援站车库 | at 奇山消防救援站/fire-station
中粮长城酒庄厂门口 | at 中粮长城酒庄/factory
富士康厂区东门 | at 富士康厂区/factory
保税港区1号卡口 | dist 综保区 form 卡口 nr 1
体育公园羽毛球馆 | at 体育公园/stadium
国际博览中心东看台 | at 国际博览中心/stadium
港城东大街万科城项目工地塔吊 | roads 港城东大街 at 万科城项目工地/construction-site
体育场路与公园街路口 | roads 体育场路/公园街 +
火车站北路12号 | roads 火车站北路 no 12
人民医院红旗路路口 | at 人民医院/hospital roads 红旗路 +
学院西路 | roads 学院西路
新村路与桃村路口 | roads 新村路/桃村路 +
经十路与纬二路 | roads 经十路/纬二路 +
开发区3号路与5号路路口 | dist 开发区 roads 3号路/5号路 +
烟台市开发区五指山路 | dist 开发区 roads 五指山路
丝路大道 | roads 丝路大道
栖莱线K8+100 | roads 栖莱线 km 8100
小莱线与烟凤线路口 | roads 小莱线/烟凤线 +
所城里胡同口 | roads 所城里胡同 +
南山巷12号 | roads 南山巷 no 12
ZF-001-红旗路与青年路路口 | roads 红旗路/青年路 +
001_南大街解放路东北角 | roads 南大街/解放路 + side NE
【交警】迎春大街与观海路路口 | roads 迎春大街/观海路 +
CH03 幸福路东侧 | roads 幸福路 side E
通道2-胜利路南大街 | roads 胜利路/南大街 +
公安-芝罘-红旗路青年路路口-球机-01 | dist 芝罘 roads 红旗路/青年路 + form 球机 nr 1
红旗路与青年路路口（全景） | roads 红旗路/青年路 + form 全景
红旗路与青年路路口#2 | roads 红旗路/青年路 + nr 2
红旗路与青年路路口2号枪机 | roads 红旗路/青年路 + form 枪机 nr 2
红旗路2号枪机 | roads 红旗路 no 2 form 枪机
红旗路与青年路路口东枪 | roads 红旗路/青年路 + side E form 枪机
青年路口北球2 | roads 青年路 + side N form 球机 nr 2
南大街高清摄像机 | roads 南大街
迎春大街电子警察 | roads 迎春大街 form 电子警察
芝罘岛高点鹰眼 | at 芝罘岛/beach-seawall form 全景
港城西大街人脸抓拍 | roads 港城西大街 form 人脸
ＲｅＤ红旗路 | roads 红旗路
红旗路青年路路口往莱山方向 | roads 红旗路/青年路 + to 莱山
红旗路往青年路方向 | roads 红旗路 to 青年路
机场路进城方向 | roads 机场路 way inbound
观海路来车方向枪机 | roads 观海路 way oncoming form 枪机
南大街双向 | roads 南大街 way both
往西 | flow W none nowhere
港城东大街向西行驶 | roads 港城东大街 flow W
向阳路向北 | roads 向阳路 view N
朝阳街东侧 | roads 朝阳街 side E
东方巴黎小区 | at 东方巴黎小区/estate
西南河路 | roads 西南河路
东风路 | roads 东风路
北大西街 | roads 北大西街
芝罘区只楚路与卧龙中路交叉口北50米路东 | dist 芝罘 roads 只楚路/卧龙中路 + side N off 50
烟台市莱山区初家街道新苑路与枫林路路口球机 | dist 莱山 town 初家街道 roads 新苑路/枫林路 + form 球机
莱山区迎春大街烟大路（南向北） | dist 莱山 roads 迎春大街/烟大路 + flow N
开发区衡山路与黄河路交叉口西南角-云台 | dist 开发区 roads 衡山路/黄河路 + side SW form 云台
高新区科技大道创业路东南角全景摄像机 | dist 高新区 roads 科技大道/创业路 + side SE form 全景
福山区聚福路崇义中学门口 | dist 福山 roads 聚福路 at 崇义中学/school
牟平区宁海大街新建街路口02 | dist 牟平 roads 宁海大街/新建街 + nr 2
海阳市海政路与榆山街路口东向西方向 | dist 海阳 roads 海政路/榆山街 + flow W
蓬莱区登州路钟楼东路路口 | dist 蓬莱 roads 登州路/钟楼东路 +
龙口黄城东大街花园路口 | dist 龙口 roads 黄城东大街/花园路 +
莱州市莱州北路与文泉东街交界处 | dist 莱州 roads 莱州北路/文泉东街 +
招远市金城路金晖路十字路口西南 | dist 招远 roads 金城路/金晖路 + side SW
栖霞市翠屏街道迎宾路转盘 | dist 栖霞 town 翠屏街道 roads 迎宾路 +
莱阳市旌阳路五龙路 | dist 莱阳 roads 旌阳路/五龙路 +
长岛县府街18号 | dist 长岛 roads 县府街 no 18
G20青银高速K45+500济南方向 | roads G20青银高速 km 45500 to 济南
S19龙青高速公路K30+000 | roads S19龙青高速公路 km 30000
G18-K398+200-上行 | roads G18 km 398200 way up
荣乌高速福山收费站出口枪机1 | roads 荣乌高速 at 福山收费站/toll form 枪机 nr 1
轸格庄立交桥东侧匝道 | at 轸格庄立交桥/bridge side E
上夼隧道东口 | at 上夼隧道/tunnel side E
珠玑立交进口 | at 珠玑立交/interchange
芝罘区幸福街道福利院西门 | dist 芝罘 town 幸福街道 at 福利院/care-home
毓璜顶街道大东夼社区居委会 | town 毓璜顶街道 at 大东夼社区居委会/estate
世回尧街道上尧社区 | town 世回尧街道 at 上尧社区/estate
莱山街道朱塂堡村委会 | town 莱山街道 at 朱塂堡村委会/village
解甲庄镇西解甲庄村东头 | town 解甲庄镇 at 西解甲庄村/village side E
莱州金城镇海防林防火瞭望塔 | dist 莱州 town 金城镇 at 海防林防火瞭望塔/fire-lookout
南大街与胜利路，朝西 | roads 南大街/胜利路 + view W
南大街朝阳街口面向西 | roads 南大街/朝阳街 + view W
海岸路（朝东） | roads 海岸路 view E
北马路火车站前 | roads 北马路 at 北马路火车站/station
烟台站南广场进站口 | at 烟台站/station
烟台港客滚中心 | at 烟台港客滚中心/port
烟台北极星钟表文化博物馆 | at 烟台北极星钟表文化博物馆/scenic
东山宾馆门前 | at 东山宾馆/hotel
通伸街与南通路口 | roads 通伸街/南通路 +
竹林南路通林路 | roads 竹林南路/通林路 +
机场路-化工路-由北向南-02 | roads 机场路/化工路 + flow S nr 2
官庄路农商银行 | roads 官庄路 at 农商银行/bank
三马路26中南门 | roads 三马路
烟台十四中东门 | at 烟台十四中/school
文化路小学西门 | roads 文化路 at 文化路小学/school
逛荡河入海口西岸 | at 逛荡河入海口/water-body
凤凰山水库泄洪闸 | at 凤凰山水库/water-body
烟台开发区金沙滩海滨公园东门 | dist 开发区 at 金沙滩海滨公园/square
天马广场 | at 天马广场/square
渔人码头西入口 | at 渔人码头/port
红星美凯龙停车场出口 | at 红星美凯龙停车场/parking
阳光100城市广场北侧 | at 阳光100城市广场/square side N
华信家园12号楼2单元 | at 华信家园/estate
塔山南路与青年南路路口电警3 | roads 塔山南路/青年南路 + form 电子警察 nr 3
环海路（海晏路口）往东山方向 | roads 环海路/海晏路 + to 东山
A12 港城西大街与楚凤二街 | roads 港城西大街/楚凤二街 +
球机-红旗东路与航院路 | roads 红旗东路/航院路 +
通道1 | none device
视频通道08 | none device
IPC | none device
IPCamera 01 | none device
Camera01 | none device
NVR-CH03 | none device
D12 | none device
CH 1 | none device
网络摄像机 | none device
新建设备 | none device
未命名 | none device
枪机03 | none device
球机 | none device
DS-2CD3T25-I5 | none device
192.168.1.64 | none number
001 | none number
37060200081326000001 | none number
  | none blank
— | none blank
！！！ | none nonsense
测试 | none device
null | none device
"""
